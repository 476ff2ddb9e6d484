#!/usr/bin/env bash
# Puts into .build/tools/bin what the build of libjpeg-turbo needs and this machine lacks: cmake, from PyPI, and on x86-64
# nasm, from the distribution's own package. Neither needs root, and nothing outside .build is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
CMAKE=cmake==4.4.5
tools=.build/tools/bin

# has NAME: whether the machine has the program, or it was put there before.
has() { command -v "$1" >/dev/null || [ -x "$tools/$1" ]; }

# fetch_nasm FOLDER: unpacks Debian's or Ubuntu's package into FOLDER.
fetch_nasm() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
    cd "$1"
    # The lists of packages may be missing, as in containers, or belong to root: then fresh ones are kept here.
    apt-get -qq download nasm 2>/dev/null || {
        local own=(-o "Dir::State=$PWD/state" -o "Dir::State::status=/var/lib/dpkg/status" -o "Dir::Cache=$PWD/cache")
        apt-get -qq "${own[@]}" update && apt-get -qq "${own[@]}" download nasm
    } 2>/dev/null || return 1
    dpkg-deb -x nasm_*.deb unpacked
}

if ! has cmake; then
    echo "setup: installing cmake into .build, to build libjpeg-turbo"
    scripts/install.sh .build/cmake "$CMAKE" || {
        echo "setup: cmake is missing and could not be installed; install it (Debian: apt-get install cmake)" >&2
        exit 2
    }
    mkdir -p "$tools"
    ln -sf ../../cmake/cmake/data/bin/cmake "$tools/cmake"
fi

if [ "$(uname -m)" = x86_64 ] && ! has nasm; then
    rm -rf .build/nasm
    if (fetch_nasm .build/nasm); then
        mkdir -p "$tools"
        mv .build/nasm/unpacked/usr/bin/nasm "$tools/nasm"
    else
        echo "setup: nasm is missing and could not be fetched, so JPEG files will be decoded in Python, which is slower;" \
            "install nasm (Debian: apt-get install nasm), then run" \
            "'cargo clean --release -p turbojpeg-sys -p patchmark-decode' and make again" >&2
    fi
    rm -rf .build/nasm
fi
