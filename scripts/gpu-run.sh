#!/usr/bin/env bash
# gpu-run.sh WHEEL OUT [STEP ...]: doctor, parity, the published trace and the bench matrix on a GPU host that has
# Python with torch 2.11 and transformers, and neither Rust nor a network. Results go into OUT, a folder a step.
#
# All steps together keep within SECONDS_IN_ALL (520); a step that would not fit is left out and named at the end,
# and can be given by name in another call. ARCHIVE names a .tgz that is written anew after each step, without the
# PNGs, which `patchmark report` draws again. DRY_RUN=1 goes through the same steps on the CPU with tiny settings.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
wheel=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
shift 2
wanted=" $* "
python=${PYTHON:-python3}
budget=${SECONDS_IN_ALL:-520}
processors=${PROCESSORS:-hf,naive,threaded,batched,fused,fused-u8,fused-cuda,fused-cuda-resident}
archive=${ARCHIVE:+$(realpath -m "$ARCHIVE")}

# The wheel goes into a folder of its own: the host's environment stays as it is. A wheel is an archive, so pip is
# not needed.
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
"$python" -m zipfile -e "$wheel" "$site"
export PYTHONPATH=$site${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1
cd "$out"
patchmark() { "$python" -m patchmark "$@"; }
if [ "${DRY_RUN:-0}" = 1 ]; then
    device=cpu model=random-tiny many=1,2 large=160x120 small=96x64 time=1s
    images=("--limits" "64") trace=1,2 pipelined=2 loader=2
    processors=$(tr ',' '\n' <<<"$processors" | grep -v cuda | paste -sd,)
else
    device=cuda:0 model=random-base many=1,2,4,8,16,32,64,128,256 large=1024x768 small=640x480 time=12s
    images=("--limits" "64,256,1024") trace=16,24,32,48,64 pipelined=32,64,128 loader=64
fi

keep() {
    [ -z "$archive" ] || { tar --exclude='*.png' -czf "$archive.part" . && mv "$archive.part" "$archive"; }
}

failed=() left_out=() code=0
# step NAME SECONDS COMMAND ...: runs it unless it would not fit; Ctrl-C at its limit saves what was measured. What it
# prints goes to NAME.log, or to the file in STDOUT. WITHIN names a tool to run it in. Its exit code is in `code`.
step() {
    local name=$1 needed=$2 left
    code=0
    shift 2
    [ "$wanted" = "  " ] || [[ "$wanted" == *" $name "* ]] || return 0
    left=$((budget - SECONDS))
    if [ "$left" -lt "$needed" ]; then
        left_out+=("$name")
        return 0
    fi
    echo "== $name ($left s left)"
    local command=(timeout --signal=INT --kill-after=20 "$left" ${WITHIN:-} "$python" -m patchmark "$@")
    if [ -n "${STDOUT:-}" ]; then
        "${command[@]}" >"$STDOUT" 2>"$name.log" || code=$?
    else
        "${command[@]}" >"$name.log" 2>&1 || code=$?
    fi
    # 4 and 5 are findings, which the table shows; 124 is a run that was cut and saved; the rest did not do its work.
    case $code in
    0) ;;
    4 | 5) echo "   exit code $code" ;;
    *)
        if [ "$code" = 124 ] && [ -s "$name/run.json" ]; then
            echo "   cut at its limit; what was measured is saved"
        else
            failed+=("$name ($code)")
            tail -n 5 "$name.log"
        fi
        ;;
    esac
    keep
}

# matrix NAME SIZES OPTIONS ...: one bench over all batch sizes.
matrix() {
    local name=$1 size=$2
    shift 2
    step "$name" 60 bench --device "$device" --model "$model" --processors "$processors" --sizes "$size" \
        --batch-sizes "$many" --forward native,hf --budget "$time" --out "$name" "$@"
}

if [ "$device" != cpu ]; then
    { nvidia-smi; lscpu; df -h /dev/shm; free -g; } >machine.txt 2>&1 || true
fi
step doctor 15 doctor
# A wheel may be older than a name of the list, and what runs depends on the device.
known=$({ patchmark process --device "$device" --processor unknown --out /dev/null 2>&1 || true; } | sed -n 's/.*choose from //p' | tr -d ' ')
[ -n "$known" ] || { echo "gpu-run: patchmark does not start here:" >&2; patchmark --version; exit 2; }
processors=$(tr ',' '\n' <<<"$processors" | grep -Fx "$(tr ',' '\n' <<<"$known")" | paste -sd,)
if [ "$device" != cpu ]; then
    # A kernel that breaks the device would break every later step with it.
    step smoke 15 parity --device "$device" --only-images --limits 256 --processors fused-cuda,fused-cuda-resident --out smoke
    case $code in
    0 | 4) ;;
    *)
        echo "   the other steps go without fused-cuda"
        processors=$(tr ',' '\n' <<<"$processors" | grep -v '^fused-cuda' | paste -sd,)
        ;;
    esac
    # The kernel alone beside a copy.
    STDOUT=kernel.json step kernel 30 kernel-bench --device "$device"
fi
# The figure that is looked for decides the order: the published trace, the published setting, the fastest forward.
step trace 35 bench --device "$device" --model "$model" --stages --processors hf --sizes "$large" --forward hf,native \
    --batch-sizes "$trace" --budget "$time" --out trace
matrix f32-full-large "$large" --dtype f32 --tower full --stages
matrix bf16-vision-large "$large" --dtype bf16 --tower vision --stages
step pipelined 75 bench --device "$device" --model "$model" --pipelined --processors "$processors" --sizes "$large" \
    --batch-sizes "$pipelined" --forward native --dtype bf16 --tower vision --budget "$time" --out pipelined
step parity 45 parity --device "$device" --processors "$processors" "${images[@]}" --out parity
if [ "$device" != cpu ]; then
    # Where batches are small, submitting the forward's kernels one by one may take longer than running them.
    step graph 35 bench --device "$device" --model "$model" --processors batched,fused-cuda --sizes "$large" \
        --batch-sizes 1,2,4,8,16,32 --forward native-graph,native --dtype bf16 --tower vision --budget "$time" --out graph
fi
step loader 60 bench --device "$device" --model "$model" --dataloader --processors hf --sizes "$large" \
    --batch-sizes "$loader" --forward native --dtype bf16 --tower vision --budget 3s --out loader
matrix f32-full-mixed mixed --dtype f32 --tower full
matrix bf16-vision-mixed mixed --dtype bf16 --tower vision
matrix f32-full-small "$small" --dtype f32 --tower full
matrix bf16-vision-small "$small" --dtype bf16 --tower vision
if [ "$device" != cpu ]; then
    matrix tf32-full-large "$large" --dtype f32 --tf32 --tower full
fi
matrix bf16-full-large "$large" --dtype bf16 --tower full
matrix f32-vision-large "$large" --dtype f32 --tower vision
matrix f16-vision-large "$large" --dtype f16 --tower vision
# By name alone: NVIDIA's checks of the kernel, in which everything takes many times as long.
for tool in memcheck racecheck; do
    if [[ "$wanted" == *" $tool "* ]]; then
        WITHIN="compute-sanitizer --tool $tool --error-exitcode 9" STDOUT=$tool.json step $tool 60 kernel-bench \
            --device "$device" --batch-sizes 2 --sizes 1024x768,1023x767,61x6001 --samples 1
    fi
done
# A page of all that there is by now.
timeout 60 "$python" -m patchmark report --index . >index.log 2>&1 || failed+=("index")

# The short table, from the runs themselves: a line a batch size.
echo
"$python" - <<'PYTHON' | tee table.txt
import json
import pathlib


def cell(row, forward):
    if row["failure"]:
        return f"{row['name']} failed"
    ratio = row["ratio"].get(forward)
    mark = {"differs": "x", "not_verified": "?"}.get(row["parity"]["status"], "")
    text = f"{row['name']}{mark} {row['preprocess_ms']['estimate']['median']:.3g}"
    text += f"({ratio['median']:.3g})" if ratio else ""
    overlap = row["pipelined_images_per_s"].get(forward)
    return text + (f" {overlap['median']:.0f}/s" if overlap else "")


print("ms a batch (ratio to the first forward; x: differs, ?: not compared; pipelined: images/s)")
for path in sorted(pathlib.Path(".").glob("*/run.json")):
    run = json.loads(path.read_text())
    print(f"{path.parent}{' PARTIAL' if run['partial'] else ''}")
    for batch in run["batches"]:
        forwards = ", ".join(
            f"{row['name']} {row['forward_ms']['estimate']['median']:.3g} launched {row['launch_ms']['estimate']['median']:.3g}"
            for row in batch["forwards"]
        )
        first = batch["forwards"][0]["name"] if batch["forwards"] else ""
        print(f" {batch['batch_size']} [{forwards}]", *(cell(row, first) for row in batch["processors"]))
kernel = pathlib.Path("kernel.json")
if kernel.exists() and kernel.stat().st_size:
    print("\nthe kernel alone, as a share of a copy's bandwidth")
    for row in json.loads(kernel.read_text())["rows"]:
        size = "x".join(str(side) for side in row["image"])
        told = row.get("error") or f"{row['kernel_gb_per_s']:.0f} of {row['copy_gb_per_s']:.0f} GB/s, {row['share_of_copy']:.0%}"
        print(f"  {size:>9} x {row['batch']:>3} {row['dtype']}: {told}")
for folder in ("smoke", "parity"):
    parity = pathlib.Path(folder, "parity.json")
    if parity.exists():
        print(f"\n{folder}: values that differ")
        run = json.loads(parity.read_text())
        for row in run["rows"]:
            print(f"  {row['processor']:<11} at {row['max_num_patches']:>4} patches: {row['differing']} of {row['values']}")
        for row in run["failures"]:
            print(f"  {row['processor']:<11} at {row['max_num_patches']:>4} patches failed: {row['reason']}")
PYTHON
keep
echo
[ ${#left_out[@]} = 0 ] || echo "left out for want of time: ${left_out[*]}"
echo "$SECONDS s, results in $out"
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
