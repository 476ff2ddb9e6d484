#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET ...]: builds the fuzz targets and runs each for that long, one after the other; without names, all of
# them. Those that need torch and Python are built and run if .venv is there. Ends with 1 after a finding, which is left in
# fuzz/artifacts.
# fuzz.sh seeds: writes fuzz/seeds and fuzz/dictionaries anew.
set -euo pipefail
cd "$(dirname "$0")/.."
CARGO_FUZZ=0.13.2

fail() {
    echo "fuzz: $1" >&2
    exit 2
}

# Puts torch's and Python's libraries where targets and examples find them.
harness() {
    [ -x .venv/bin/python ] || fail "$1 torch and Python; run 'make setup' first"
    LD_LIBRARY_PATH=$(.venv/bin/python -c 'import pathlib, sysconfig, torch
print(pathlib.Path(torch.__file__).parent / "lib", sysconfig.get_config_var("LIBDIR"), sep=":")')
    export LD_LIBRARY_PATH
}

if [ "$1" = seeds ]; then
    harness "seeds need"
    exec cargo run --quiet --release --manifest-path fuzz/Cargo.toml --features harness --example seeds
fi
seconds=$1
shift

cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked "cargo-fuzz@$CARGO_FUZZ" ||
    fail "cargo-fuzz cannot be installed; run 'cargo install cargo-fuzz'"

# One line per target of fuzz/Cargo.toml: its name and whether it needs the harness; the light ones first.
names=$(awk -F '"' '/^\[/ { bin = /^\[\[bin\]\]/ } bin && /^name =/ { kinds[$2] = "light"; name = $2 }
    bin && /^required-features/ { kinds[name] = "harness" }
    END { for (name in kinds) print name, kinds[name] }' fuzz/Cargo.toml | sort -k 2,2r -k 1,1)
[ $# -gt 0 ] || set -- $(awk '{ print $1 }' <<<"$names")

# Without a sanitizer the stable toolchain is enough: coverage is a pass of LLVM's.
build=(cargo fuzz build --sanitizer none -O --debug-assertions)
found=0
for target in "$@"; do
    kind=$(awk -v target="$target" '$1 == target { print $2 }' <<<"$names")
    [ -n "$kind" ] || fail "there is no target $target; choose from: $(awk '{ printf "%s ", $1 }' <<<"$names")"
    if [ "$kind" = harness ]; then
        harness "$target needs"
        "${build[@]}" --features harness "$target"
    else
        "${build[@]}" "$target"
    fi
    # libFuzzer never returns, so what targets write to is removed here.
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    dictionary=fuzz/dictionaries/$target.dict
    echo "== $target, $seconds s"
    # The limits make a finding of a hang and of memory that the input did not deserve.
    TMPDIR=$temporary "fuzz/target/$(rustc -vV | sed -n 's/host: //p')/release/$target" \
        "fuzz/corpus/$target" "fuzz/seeds/$target" -artifact_prefix="fuzz/artifacts/$target/" \
        -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2560 -max_len=16384 -print_final_stats=1 \
        ${dictionary:+$([ ! -f "$dictionary" ] || echo "-dict=$dictionary")} || found=1
    rm -rf "$temporary"
done
[ $found = 0 ] || echo "fuzz: found something; the inputs are in fuzz/artifacts" >&2
exit $found
