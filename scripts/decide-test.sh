#!/usr/bin/env bash
# Tests the build without torch and Python on committed results: the commands that it has, one that it lacks, and that
# it links neither library.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(realpath "$1")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

fail() { echo "decide-test: $1" >&2; exit 1; }

# ends_with CODE ARGUMENTS ...: runs patchmark without Python in the environment; it must end with that exit code.
ends_with() {
    local wanted=$1 code=0
    shift
    env -i PATH=/usr/bin:/bin "$program" "$@" >"$out/stdout" 2>"$out/stderr" || code=$?
    [ "$code" = "$wanted" ] || { cat "$out/stderr" >&2; fail "patchmark $* ended with $code, not $wanted"; }
}

if command -v ldd >/dev/null && ldd "$program" | grep -E 'torch|python' >&2; then
    fail "the program links torch or Python"
fi

run=reports/two-threads
ends_with 0 report "$run" --out "$out/report"
test -s "$out/report/report.html" || fail "report drew no page"
ends_with 0 report --index "$out"
ends_with 0 history "$run/.." --out "$out/history"
ends_with 0 schema --out "$out/schema"
diff -r "$out/schema" reports/schema >&2 || fail "the schemas are out of date; run make schema"
ends_with 0 gate "$run" --baseline "$out/baseline" --update --out "$out/gate"
# The same run on both sides, which no change can be found in.
ends_with 5 gate "$run" --baseline "$out/baseline" --out "$out/gate"
grep -q "same samples" "$out/stdout" || fail "gate compares a run with itself without a word"
test -s "$out/gate/junit.xml" || fail "gate left no JUnit file"
pack=fixtures/golden/naflex
# Its own tensors pass as far as they are kept whole.
ends_with 4 golden check "$pack" "$pack/expected.safetensors"
grep -q "passed: one-pixel" "$out/stdout" || fail "golden check passes no case of a pack's own tensors"
grep -q "pixel_values is missing" "$out/stdout" || fail "golden check does not miss what a pack has only digests of"
head -c 1000 "$pack/expected.safetensors" >"$out/cut.safetensors"
ends_with 2 golden check "$pack" "$out/cut.safetensors"
ends_with 2 golden make "$out/pack"
ends_with 2 bench
grep -q "without the harness" "$out/stderr" || fail "bench is refused without a reason"
echo "gate, golden check, history, report and schema work without torch and Python"
