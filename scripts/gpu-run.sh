#!/usr/bin/env bash
# gpu-run.sh WHEEL OUT [STEP ...]: kernel, parity, the published trace and the bench matrix on a GPU host that has
# Python with torch 2.11 and transformers, and neither Rust nor a network. Results go into OUT, one folder per step.
#
# The steps run in order of priority; their estimates are the times on an H100. Each step has a limit of twice its
# estimate, at which it is stopped and what it measured is saved. A step that does not fit into the remaining time is
# named at the end, and can be run by name in another call. All steps together end within SECONDS_IN_ALL (480). Steps
# that run only by name: memcheck, racecheck.
#
# Environment: PYTHON (python3); PROCESSORS, a comma-separated list; ARCHIVE, a .tgz that is written again after each
# step, without the PNGs, which `patchmark report` can draw again; PLAN=1 prints the steps and their estimates and runs
# nothing; DRY_RUN=1 runs the same steps on the CPU with tiny settings.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
scripts=$(cd "$(dirname "$0")" && pwd)/gpu
wheel=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
shift 2
wanted=" $* "
python=$(command -v "${PYTHON:-python3}") || { echo "gpu-run: no ${PYTHON:-python3}" >&2; exit 2; }
# The steps run in OUT. The path is not resolved further, because an environment is found by the name of its link.
[[ $python = /* ]] || python=$PWD/$python
budget=${SECONDS_IN_ALL:-480}
processors=${PROCESSORS:-hf,naive,threaded,batched,fused,fused-u8,fused-cuda,fused-cuda-resident}
archive=${ARCHIVE:+$(realpath -m "$ARCHIVE")}
plan=${PLAN:-0}
dry=${DRY_RUN:-0}

# The wheel is unpacked into a separate folder, so the host's environment is not changed. A wheel is a zip archive, so
# pip is not needed.
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
"$python" -m zipfile -e "$wheel" "$site"
export PYTHONPATH=$site${PYTHONPATH:+:$PYTHONPATH}
cd "$out"
if [ "$dry" = 1 ]; then
    device=cpu model=random-tiny many=1,2 large=160x120 others=mixed,96x64 time=1s images=(--limits 64)
    trace=1,2 pipelined=2 graph=1 loader=2 dtypes=f32,bf16,f16
    processors=$(tr ',' '\n' <<<"$processors" | { grep -v cuda || true; } | paste -sd,)
else
    device=cuda:0 model=random-base many=1,2,4,8,16,32,64,128,256 large=1024x768 others=mixed,640x480 time=10s
    images=(--limits 64,256,1024) trace=64,96,112 pipelined=32,64 graph=1,2,4,8,16,32 loader=32
    dtypes=f32,bf16,tf32,f16
fi

keep() {
    [ -z "$archive" ] || { tar --exclude='*.png' -czf "$archive.part" . && mv "$archive.part" "$archive"; }
}

# The seconds after which a command that ignores its signal is killed, and the seconds reserved for what follows the
# last step: the page of all results, and the table.
KILL=10 LAST=15
# limited SECONDS COMMAND ...: runs a command with a time limit. With --foreground, timeout signals only the command,
# which ends its workers itself and gets one signal instead of two.
limited() {
    timeout --foreground --signal=INT --kill-after="$KILL" "$@"
}
failed=() left_out=() code=0 planned=0
# step NAME ESTIMATE COMMAND ...: runs a command that takes about ESTIMATE seconds, unless there is no time for it. Its
# output goes to NAME.log, or to the file in STDOUT. WITHIN names a tool to run it with. Its exit code is in `code`,
# which is "skipped" if the step did not run.
step() {
    local name=$1 estimate=$2 left limit
    code=skipped
    shift 2
    [ "$wanted" = "  " ] || [[ "$wanted" == *" $name "* ]] || return 0
    if [ "$plan" = 1 ]; then
        planned=$((planned + estimate))
        printf '%-10s about %3s s, %3s s in all\n' "$name" "$estimate" "$planned"
        return 0
    fi
    if [[ " $* " == *" --processors  "* ]]; then
        left_out+=("$name (none of its processors runs here)")
        return 0
    fi
    left=$((budget - LAST - KILL - SECONDS))
    if [ "$left" -lt "$estimate" ]; then
        left_out+=("$name")
        return 0
    fi
    limit=$((2 * estimate < left ? 2 * estimate : left))
    echo "== $name (at $SECONDS s, $limit s at most)"
    code=0
    if [ -n "${STDOUT:-}" ]; then
        limited "$limit" ${WITHIN:-} "$python" "$@" >"$STDOUT" 2>"$name.log" || code=$?
    else
        limited "$limit" ${WITHIN:-} "$python" "$@" >"$name.log" 2>&1 || code=$?
    fi
    # 4 and 5 are findings, which the table shows. 124 means stopped at the limit; 137 means killed because it did not
    # stop.
    case $code in
    0) ;;
    4 | 5) echo "   exit code $code" ;;
    124 | 137 | 130)
        if find "$name" -name '*.json' -size +0 2>/dev/null | grep -q .; then
            echo "   cut at its limit; what was measured is saved"
        else
            failed+=("$name (cut at $limit s, nothing saved)")
        fi
        ;;
    *)
        failed+=("$name ($code)")
        tail -n 5 "$name.log"
        ;;
    esac
    keep
}

# run NAME ESTIMATE COMMAND ...: a step that runs a command of patchmark.
run() {
    step "$1" "$2" -m patchmark "${@:3}"
}

# matrix NAME ESTIMATE SIZE OPTIONS ...: a step with both forwards at all batch sizes.
matrix() {
    run "$1" "$2" bench --device "$device" --model "$model" --processors "$processors" --sizes "$3" --batch-sizes "$many" \
        --forward native,hf --budget "$time" --out "$1" "${@:4}"
}

# common LIST LIST: the names in both lists, in the order of the first.
common() {
    tr ',' '\n' <<<"$1" | { grep -Fx "$(tr ',' '\n' <<<"$2")" || true; } | paste -sd,
}

# only LIST: the names that are processors of this run.
only() {
    common "$1" "$processors"
}

# drop NAME: removes a processor from all later steps.
drop() {
    echo "   later steps run without $1"
    processors=$(tr ',' '\n' <<<"$processors" | { grep -vFx "$1" || true; } | paste -sd,)
}

if [ "$plan" != 1 ]; then
    { limited 20 nvidia-smi || true; lscpu; df -h /dev/shm; free -g; } >machine.txt 2>&1 || true
    # Without bytecode, each of about ten imports of torch takes 6 s.
    torch=$(limited 20 "$python" -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null || true)
    [ -z "$torch" ] || [ -d "$torch/__pycache__" ] || export PYTHONPYCACHEPREFIX="$site/pycache"
    # The wheel may not know every name in the list, and the processors that run depend on the device.
    limited 60 "$python" -m patchmark process --device "$device" --processor unknown --out /dev/null >start.log 2>&1 || code=$?
    known=$(sed -n 's/.*choose from //p' start.log | tr -d ' ')
    [ -n "$known" ] || { echo "gpu-run: patchmark does not start here (exit code $code):" >&2; cat start.log >&2; exit 2; }
    given=$processors
    processors=$(common "$processors" "$known")
    [ -n "$processors" ] || { echo "gpu-run: none of $given runs here; choose from $known" >&2; exit 2; }
fi

run doctor 16 doctor
if [ "$device" != cpu ]; then
    # A kernel that breaks the device would break every later step with it.
    run smoke 15 parity --device "$device" --only-images --limits 256 --processors fused-cuda,fused-cuda-resident --out smoke
    smoke=$code
    case $smoke in
    0 | 4 | skipped) ;;
    *)
        broken=$("$python" "$scripts/failed.py" smoke/parity.json 2>/dev/null || printf 'fused-cuda\nfused-cuda-resident\n')
        for name in $broken; do drop "$name"; done
        ;;
    esac
    STDOUT=attention.txt step attention 10 "$scripts/attention.py"
    if grep -q '^TORCH_CUDNN_SDPA_DEPRIORITIZED=1$' attention.txt 2>/dev/null; then
        echo "   cuDNN's attention is put last"
        export TORCH_CUDNN_SDPA_DEPRIORITIZED=1
    fi
    case $smoke in
    0 | 4 | skipped) # The kernel alone, compared with a copy.
        mkdir -p kernel
        STDOUT=kernel/kernel-bench.json run kernel 18 kernel-bench --device "$device"
        ;;
    *) left_out+=("kernel (the smoke test failed)") ;;
    esac
fi
matrix large 100 "$large" --dtype "$dtypes" --tower full,vision --stages
run trace 28 bench --device "$device" --model "$model" --stages --processors hf,fused --sizes "$large" --forward hf,native \
    --batch-sizes "$trace" --dtype bf16 --tower vision --budget "$time" --out trace
# Without naive and threaded, which compute on the CPU with or without a GPU and take the longest.
run parity 28 parity --device "$device" --processors "$(only batched,fused,fused-u8,fused-cuda,fused-cuda-resident)" \
    "${images[@]}" --out parity
run pipelined 42 bench --device "$device" --model "$model" --pipelined --processors "$processors" --sizes "$large" \
    --batch-sizes "$pipelined" --forward native --dtype bf16 --tower vision --budget "$time" --out pipelined
matrix sizes 100 "$others" --dtype f32,bf16 --tower full,vision
if [ "$device" != cpu ]; then
    # For small batches, submitting the forward's kernels one by one may take longer than running them.
    run graph 28 bench --device "$device" --model "$model" --sizes "$large" \
        --processors "$(only batched,fused,fused-cuda-resident)" \
        --batch-sizes "$graph" --forward native-graph,native --dtype bf16 --tower vision --budget "$time" --out graph
fi
run loader 60 bench --device "$device" --model "$model" --dataloader --processors hf --sizes "$large" \
    --batch-sizes "$loader" --forward native --dtype bf16 --tower vision --budget 3s --out loader
# Only by name: NVIDIA's checks of the kernel, with which everything takes many times as long.
for tool in memcheck racecheck; do
    if [[ "$wanted" == *" $tool "* ]]; then
        WITHIN="compute-sanitizer --tool $tool --error-exitcode 9" STDOUT=$tool.json run $tool 60 kernel-bench \
            --device "$device" --batch-sizes 2 --sizes 1024x768,1023x767,61x6001 --samples 1
    fi
done
[ "$plan" != 1 ] || exit 0
# A page of all results so far.
left=$((budget - KILL - SECONDS))
if find . -name run.json -o -name parity.json | grep -q .; then
    limited $((left > 5 ? left : 5)) "$python" -m patchmark report --index . >index.log 2>&1 || failed+=("index")
fi

echo
"$python" "$scripts/table.py" | tee table.txt
keep
echo
[ ${#left_out[@]} = 0 ] || { printf 'left out:'; printf ' %s;' "${left_out[@]}"; echo; }
echo "$SECONDS s, results in $out"
[ ${#failed[@]} = 0 ] || { printf 'failed:'; printf ' %s;' "${failed[@]}"; echo; exit 1; }
