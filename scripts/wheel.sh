#!/usr/bin/env bash
# Builds the wheel into target/wheels and prints its size. The wheel needs no libpython and bundles no library: torch's
# libraries are found by name, because the package imports torch first.
set -euo pipefail
cd "$(dirname "$0")/.."
MAX_BYTES=$((30 * 1000 * 1000))

scripts/install.sh .build/maturin maturin==1.16.0
rm -f target/wheels/patchmark-*.whl
# The wheel is not repaired, because that would copy torch's libraries into it.
.build/maturin/bin/maturin build --quiet --release --locked --manifest-path crates/wheel/Cargo.toml \
    --interpreter .venv/bin/python --compatibility linux --auditwheel skip --out target/wheels
wheel=$(echo target/wheels/patchmark-*.whl)
bytes=$(stat -c %s "$wheel")
[ "$bytes" -le "$MAX_BYTES" ] || {
    echo "wheel: $wheel has $bytes bytes, more than $MAX_BYTES" >&2
    exit 1
}
echo "$wheel, $((bytes / 1000)) kB"
