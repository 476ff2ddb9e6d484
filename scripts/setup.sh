#!/usr/bin/env bash
# Checks what a build needs, with one message and one remedy for each thing that is missing, and makes .venv from
# requirements.txt. If nothing has changed since the last run, it only compares a stamp.
set -euo pipefail
cd "$(dirname "$0")/.."
# make puts .venv first in PATH; setup must not find the environment that it replaces.
PATH=${PATH//"$PWD/.venv/bin:"/}
unset VIRTUAL_ENV

MIN_RUST=1.89
MIN_PYTHON=3.11
NEEDED_GB=8

fail() {
    printf 'setup: %s\n' "$1" >&2
    exit 2
}

# at_least HAVE NEED: whether version HAVE is NEED or newer.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

command -v cargo >/dev/null && command -v rustc >/dev/null ||
    fail "cargo or rustc is missing; install Rust $MIN_RUST or newer with rustup (https://rustup.rs)"
rust=$(rustc --version | awk '{print $2}')
at_least "$rust" "$MIN_RUST" || fail "rustc $rust is too old; run 'rustup update' (needed: $MIN_RUST)"

command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null ||
    fail "no C++ compiler was found; install one (Debian: apt-get install g++)"

# find_python: the first interpreter that is new enough; PATCHMARK_PYTHON is tried first.
find_python() {
    local candidate
    for candidate in ${PATCHMARK_PYTHON:+"$PATCHMARK_PYTHON"} python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}
python=$(find_python) ||
    fail "no Python $MIN_PYTHON or newer was found; install one, or name it in PATCHMARK_PYTHON"

# probe: the version, whether Python.h exists, and whether libpython is shared, one word each.
read -r version headers shared < <("$python" -c '
import pathlib, sys, sysconfig
header = pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()
print(sys.version.split()[0], int(header), int(bool(sysconfig.get_config_var("Py_ENABLE_SHARED"))))')
[ "$headers" = 1 ] ||
    fail "$python $version has no headers (Python.h); install them (Debian: apt-get install python3-dev)"
[ "$shared" = 1 ] ||
    fail "$python $version has no shared libpython to embed; install one (Debian: apt-get install libpython3-dev; pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared)"

stamp=.venv/.patchmark-stamp
wanted="$version $(cksum <requirements.txt)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x .venv/bin/python ]; then
    exec scripts/build-tools.sh
fi

free_gb=$(($(df -Pk . | awk 'NR == 2 {print $4}') / 1024 / 1024))
[ "$free_gb" -ge "$NEEDED_GB" ] ||
    fail "$free_gb GB are free here; the Python side and the build need $NEEDED_GB GB"

uv=$(scripts/uv.sh "$python") || exit

echo "setup: installing torch, transformers and the rest of requirements.txt into .venv (about 4.7 GB)"
rm -f "$stamp"
"$uv" venv --quiet --clear --python "$python" .venv
"$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.txt ||
    fail "the packages of requirements.txt could not be installed; check the network and run again"
# Written last, so that an interrupted installation is repeated.
printf '%s\n' "$wanted" >"$stamp"
exec scripts/build-tools.sh
