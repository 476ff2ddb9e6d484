# One profile (release) and one target folder for everything, so that torch's bindings are compiled once.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := $(CURDIR)/.venv
export VIRTUAL_ENV := $(VENV)
# What scripts/build-tools.sh fetched comes last: the machine's own programs are preferred.
export PATH := $(VENV)/bin:$(PATH):$(CURDIR)/.build/tools/bin
export PYO3_PYTHON := $(VENV)/bin/python
export LIBTORCH_USE_PYTORCH := 1
# A virtual environment or a libtorch of the caller's would be linked instead of the pinned one.
unexport PYTHONHOME PYTHONPATH LIBTORCH

ARGS ?=

.PHONY: help setup build bench decide test decide-test test-long mutated-images subjects lint criterion sanitize miri fuzz fuzz-seeds golden instructions resizers reports browser-test schema error-rates kill-test bump wheel wheel-test clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Check the machine, make .venv
	@scripts/setup.sh

build: setup ## Build target/release/patchmark
	@cargo build --release --locked

bench: build ## The main job; options in ARGS, such as ARGS="--batch-sizes 1,2"
	@target/release/patchmark bench $(ARGS)

decide: ## Build target/decide/release/patchmark: gate, golden check, history, report and schema, without torch and Python
	@# Its own folder, but the same intermediate files (cargo 1.91 and later): most crates are those of the whole build.
	@CARGO_BUILD_BUILD_DIR=$(CURDIR)/target cargo build --release --locked --no-default-features --target-dir target/decide

# Not the examples, which `make lint` compiles, and no documentation tests, since there are none.
test: setup decide-test ## All tests
	@cargo test --release --locked --workspace --lib --bins --tests

decide-test: decide ## The commands of the build without torch and Python
	@scripts/decide-test.sh target/decide/release/patchmark

test-long: setup ## The property tests of the fused processor with 20,000 cases
	@PATCHMARK_CASES=20000 cargo test --release --locked -p patchmark-fused --test bits
	@PATCHMARK_CASES=20000 cargo test --release --locked --test suite fused

# Crates that no torch, no Python and no producer may come into.
LIGHT := patchmark-results patchmark-statistics patchmark-gate patchmark-golden patchmark-report patchmark-decode

mutated-images: setup ## 15,000 damaged image files, each with the pixels of Pillow and torchvision or refused
	@PATCHMARK_MUTATIONS=5000 cargo test --release --locked -p patchmark-decode --test reference
	@PATCHMARK_MUTATIONS=5000 cargo test --release --locked --test suite files::

subjects: build ## The programs of examples/subjects: C, timm and hf-processors-rs, each validated
	@scripts/subjects.sh target/release/patchmark

lint: setup ## Formatting, the house, clippy, rustdoc, shell scripts; warnings are errors
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo run --quiet --release --locked --package patchmark-arrows
	@for crate in $(LIGHT); do ! cargo tree --locked --edges normal,build --prefix none --package $$crate | \
	    grep -E '^(tch|torch-sys|pyo3|patchmark|patchmark-fused) ' || { echo "$$crate must not use these" >&2; exit 1; }; done
	cargo clippy --release --locked --package patchmark --no-default-features -- -D warnings
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	cargo clippy --release --locked --package patchmark-wheel --features extension-module -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --document-private-items
	for script in scripts/*.sh .ci/run tests/suite/gpu_run/*; do bash -n $$script || exit; done

criterion: setup ## Criterion benches, with the environment of the build
	@cargo bench --locked --workspace $(ARGS)

sanitize: ## The one pass under AddressSanitizer, at every level
	CARGO_TARGET_DIR=target/asan RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address PATCHMARK_CASES=100 \
	    cargo test --release --locked -p patchmark-fused --target $$(rustc -vV | sed -n 's/host: //p') --tests

miri: ## The one pass under Miri, at the portable level; needs rustup's nightly with miri
	MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test --locked -p patchmark-fused --test small

# Seconds for each target, and the targets; all of them if none is named.
TIME ?= 60
TARGET ?=

fuzz: setup ## Fuzz every reader for TIME seconds each, or only TARGET="run policy"; see CONTRIBUTING.md
	@scripts/fuzz.sh $(TIME) $(TARGET)

fuzz-seeds: setup ## Write fuzz/seeds and fuzz/dictionaries anew, after a change to a saved type
	@scripts/fuzz.sh seeds

instructions: ## Instructions of the one pass for an image, counted by callgrind
	@scripts/instructions.sh

resizers: setup ## The fused processor beside OpenCV, Pillow and others: reports/resizers.md
	@scripts/install.sh .build/resizers opencv-python-headless==5.0.0.93 hf-processors-rs==0.1.0
	@PYTHONPATH=$(CURDIR)/.build/resizers cargo run --quiet --release --locked --example resizers reports/resizers.md

reports: build ## Redraw every result in reports, README's dark pictures too, and reports/index.html
	@set -e; for file in run compare gate parity validate releases; do find reports -name $$file.json -printf '%h\n'; done | sort | \
	    while read -r folder; do target/release/patchmark report "$$folder" >/dev/null; done
	@# Without PNGs, of which git keeps none there: the pages must not name them.
	@find reports/h100 -name run.json -o -name parity.json | while read -r file; do \
	    target/release/patchmark report "$$(dirname "$$file")" --format svg,csv,html >/dev/null; done
	@for run in reports/two-threads reports/h100/1024x768/bf16-vision; do \
	    target/release/patchmark report $$run --only ratio --theme dark --format svg >/dev/null; done
	@target/release/patchmark report reports/compare --theme dark --format svg >/dev/null
	@target/release/patchmark report reports/releases --theme dark --format svg >/dev/null
	@target/release/patchmark report --index reports

browser-test: build ## Pages in headless Chromium: values, sorting, themes, accessibility, three widths
	@scripts/browser-test.sh

schema: build ## Write the JSON Schemas of reports/schema from the types
	@target/release/patchmark schema --out reports/schema

golden: build ## Write the golden pack of fixtures/golden/naflex anew
	@target/release/patchmark golden make fixtures/golden/naflex

error-rates: build ## Measure how often compare is wrong; fifteen minutes, into reports/error-rates
	@cargo build --release --locked --example error-rates
	@target/release/examples/error-rates simulate reports/error-rates
	@target/release/examples/error-rates real target/release/patchmark reports/error-rates

kill-test: setup ## Kill commands at 400 random moments
	@KILLS=50 cargo test --release --locked --test suite killed_at_random

# A release of transformers; the newest that goes with the other packages if none is named.
VERSION ?=

bump: build ## Move the pin of transformers to the newest release, or VERSION=5.24.0, if validate allows it
	@scripts/bump.sh target/release/patchmark $(VERSION)

wheel: setup ## Build the wheel for hosts without Rust: target/wheels/patchmark-*.whl
	@scripts/wheel.sh

wheel-test: wheel ## Install the wheel into an environment of its own and run it there
	@scripts/wheel-test.sh

clean: ## Remove target, .venv, .build, runs and what fuzzing leaves
	rm -rf target .venv .build runs fuzz/target fuzz/corpus fuzz/artifacts
