#!/usr/bin/env bash
# Prints where uv is: the machine's own, or one that is installed into .build/uv now. $1: the Python that installs it.
set -euo pipefail
cd "$(dirname "$0")/.."
UV_VERSION=0.13.9
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    uv=$PWD/.build/uv/bin/uv
    if [ ! -x "$uv" ]; then
        echo "setup: installing uv $UV_VERSION into .build/uv" >&2
        rm -rf .build/uv
        "$1" -m venv .build/uv || {
            echo "setup: $1 cannot make a virtual environment; install venv (Debian: apt-get install python3-venv)" >&2
            exit 2
        }
        .build/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" || {
            echo "setup: uv could not be installed; check the network, or install uv and run again" >&2
            exit 2
        }
    fi
fi
printf '%s\n' "$uv"
