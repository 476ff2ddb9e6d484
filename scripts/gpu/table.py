"""Prints a short table of a GPU run from the results below the current folder: one line per batch size."""

import json
import pathlib

DASH = "–"


def figure(samples, text="{:.3g}"):
    """The median of the samples, or a dash if there are none."""
    return text.format(samples["estimate"]["median"]) if samples["samples"] else DASH


def cell(row, forward):
    if row["failure"]:
        return f"{row['name']} failed"
    ratio = row["ratio"].get(forward)
    mark = {"differs": "x", "not_verified": "?"}.get(row["parity"]["status"], "")
    text = f"{row['name']}{mark} {figure(row['preprocess_ms'])}"
    text += f"({ratio['median']:.3g})" if ratio else ""
    overlap = row["pipelined_images_per_s"].get(forward)
    return text + (f" {overlap['median']:.0f}/s" if overlap else "")


def ceiling(forward):
    rate = forward["back_to_back_images_per_s"]
    return f" alone {rate['median']:.0f}/s" if rate else ""


def bench(path):
    run = json.loads(path.read_text())
    print(f"{path.parent}{' PARTIAL' if run['partial'] else ''}")
    for batch in run["batches"]:
        forwards = ", ".join(
            f"{row['name']} {figure(row['forward_ms'])} launched {figure(row['launch_ms'])}{ceiling(row)}"
            for row in batch["forwards"]
        )
        first = batch["forwards"][0]["name"] if batch["forwards"] else ""
        print(f" {batch['batch_size']} [{forwards}]", *(cell(row, first) for row in batch["processors"]))


def kernel(path):
    print("\nthe kernel alone, as a share of a copy's bandwidth")
    for row in json.loads(path.read_text())["rows"]:
        size = "x".join(str(side) for side in row["image"])
        told = row.get("error")
        if told is None:
            rates = f"{row['kernel_gb_per_s']:.0f} of {row['copy_gb_per_s']:.0f} GB/s"
            told = f"{rates}, {row['share_of_copy']:.0%}"
        print(f"  {size:>9} x {row['batch']:>3} {row['dtype']:>4}: {told}")


def parity(path):
    run = json.loads(path.read_text())
    print(f"\n{path.parent}: values that differ{' (PARTIAL)' if run['partial'] else ''}")
    for row in run["rows"]:
        print(f"  {row['processor']:<19} at {row['max_num_patches']:>4} patches: {row['differing']} of {row['values']}")
    for row in run["failures"]:
        print(f"  {row['processor']:<19} at {row['max_num_patches']:>4} patches failed: {row['reason']}")


def each(pattern, show):
    """Shows every file of that name one or two folders below this one, and reports files that cannot be read."""
    here = pathlib.Path(".")
    for path in sorted([*here.glob(f"*/{pattern}"), *here.glob(f"*/*/{pattern}")]):
        try:
            show(path)
        except (ValueError, KeyError, TypeError) as error:
            print(f"{path} cannot be read: {error!r}")


def main():
    print("ms per batch (ratio to the first forward; x: differs, ?: not compared; /s: images per second, pipelined)")
    each("run.json", bench)
    each("kernel-bench.json", kernel)
    each("parity.json", parity)


main()
