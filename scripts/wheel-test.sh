#!/usr/bin/env bash
# Installs the wheel into a separate environment such as a GPU host has (another Python if there is one, an older
# transformers), and runs the console script there, outside the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
environment=$root/.build/wheel-env
packages=(torch==2.11.0 torchvision==0.26.0 transformers==5.17.0 numpy pillow safetensors)

# GPU hosts have Python 3.12; the wheel must run on any version from 3.11 on.
find_python() {
    local candidate
    for candidate in ${PATCHMARK_WHEEL_PYTHON:+"$PATCHMARK_WHEEL_PYTHON"} python3.12 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python3.12 .venv/bin/python; do
        if "$candidate" -c 'import venv, ssl' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}
python=$(find_python) || { echo "wheel-test: no Python was found; run 'make setup'" >&2; exit 2; }
uv=$(command -v uv || true)
uv=${uv:-.build/uv/bin/uv}
[ -x "$uv" ] || { echo "wheel-test: uv is missing; run 'make setup', or install uv" >&2; exit 2; }

stamp="$("$python" --version) ${packages[*]}"
if [ "$(cat "$environment/.patchmark-stamp" 2>/dev/null)" != "$stamp" ]; then
    echo "wheel-test: making $environment ($stamp)"
    "$uv" venv --quiet --clear --python "$python" "$environment"
    "$uv" pip install --quiet --python "$environment/bin/python" "${packages[@]}"
    printf '%s' "$stamp" >"$environment/.patchmark-stamp"
fi
"$uv" pip install --quiet --python "$environment/bin/python" --no-deps --reinstall target/wheels/patchmark-*.whl

# The wheel must work without the build's environment variables and folders.
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV LIBTORCH LIBTORCH_USE_PYTORCH PYO3_PYTHON PATCHMARK_PYTHON LD_LIBRARY_PATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
patchmark=$environment/bin/patchmark

# step NAME EXPECTED_EXIT_CODE COMMAND ...
step() {
    local name=$1 expected=$2 code=0
    shift 2
    "$@" >"$name.log" 2>&1 || code=$?
    if [ "$code" != "$expected" ]; then
        echo "wheel-test: $name ended with $code, not $expected: $*" >&2
        tail -n 30 "$name.log" >&2
        exit 1
    fi
    echo "wheel-test: $name"
}
small=(--model random-tiny --threads 1 --sizes 320x240 --forward "native,hf")

step version 0 "$patchmark" --version
step doctor 0 "$patchmark" doctor
grep -q "$environment/lib/" doctor.log || { echo "wheel-test: doctor names another libtorch" >&2; exit 1; }
step bench 0 "$patchmark" bench "${small[@]}" --batch-sizes 1,2 --budget 4s --out run
test -s run/run.json
step report 0 "$patchmark" report run --out redrawn
mkdir images
cp "$root"/fixtures/photos/{coffee,chelsea}.png "$root/fixtures/photos/rocket.jpg" images
step parity 0 "$patchmark" parity --images images --only-images --limits 64,256 --out parity
step process 0 "$patchmark" process --processor fused --images images --out inputs.safetensors
test -s inputs.safetensors
step checks 0 "$patchmark" validate --checks
step validate 0 "$patchmark" validate fused --corpus quick --only-images --limits 64 --patch-sizes 16 --no-speed \
    --model none --images images --out validate
step module 0 "$environment/bin/python" -m patchmark --version
step unknown-option 2 "$patchmark" bench --no-such-option

# Another version of torch is refused before its libraries are loaded with patchmark's.
mkdir torch-2.10
echo '__version__ = "2.10.0"' >torch-2.10/torch.py
step other-torch 2 env PYTHONPATH="$folder/torch-2.10" "$patchmark" --version
grep -q "install torch==2.11" other-torch.log

# Ctrl-C saves what was measured.
"$patchmark" bench "${small[@]}" --batch-sizes 1 --budget 120s --out interrupted >interrupt.log 2>&1 &
process=$!
for _ in $(seq 600); do
    grep -q "loading" interrupt.log && break
    sleep 0.1
done
# The handler is set before the model is loaded.
kill -INT "$process"
code=0
wait "$process" || code=$?
[ "$code" = 130 ] || { echo "wheel-test: Ctrl-C ended with $code, not 130" >&2; cat interrupt.log >&2; exit 1; }
echo "wheel-test: Ctrl-C"
echo "wheel-test: passed with $("$environment/bin/python" --version)"
