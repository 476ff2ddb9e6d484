#!/usr/bin/env bash
# Counts with callgrind how many instructions the fused pass takes per image, so that a change can be judged without a
# clock. Taking the difference of two runs (1 and 3 images) excludes set-up. valgrind does not support AVX-512, so the
# levels are avx2 and portable.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || {
    echo "instructions: valgrind is missing; install it (Debian: apt-get install valgrind)" >&2
    exit 2
}
cargo build --quiet --release --locked -p patchmark-fused --example one_image
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# count WIDTH HEIGHT TIMES
count() {
    valgrind --tool=callgrind --callgrind-out-file="$folder/out" target/release/examples/one_image "$@" \
        >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
    awk '/^summary:|^totals:/ {print $2; exit}' "$folder/out"
}
printf '%-10s %-10s %14s\n' level image instructions
for level in avx2 portable; do
    for size in "1024 768" "640 480"; do
        # shellcheck disable=SC2086
        one=$(PATCHMARK_CPU=$level count $size 1) three=$(PATCHMARK_CPU=$level count $size 3)
        printf '%-10s %-10s %14d\n' "$level" "${size/ /x}" $(((three - one) / 2))
    done
done
