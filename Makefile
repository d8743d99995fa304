# The two commands: `make demo` and `make test`. Everything else is for people who work on the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test lint prove bench peers specs lock clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make setup   prepare .venv with pinned, hash-checked packages
setup: $(VENV)/.ready

$(VENV)/.ready: requirements-dev.txt pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" sh .ci/setup

## make demo    start a whole node with a made-up municipality
demo: setup
	@exec $(BIN)/manabi demo

## make test    every suite, from the rules to the browser
test: setup
	@$(BIN)/python .ci/suites.py test

## make prove   the long proofs; writes docs/evidence.json
prove: setup
	@$(BIN)/python .ci/suites.py prove

## make bench   all measurements, against their peers where those are installed
bench: setup
	@$(BIN)/manabi bench all --json

## make peers   install the peers that benches compare with, into .peers
peers: setup
	@sh .ci/peers

## make specs   write the generated contracts and tables anew
specs: setup
	@$(BIN)/manabi specs

## make lock    pin every package anew, with hashes and without any address
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra demo --extra reporter --group dev pyproject.toml -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra reporter pyproject.toml -o requirements.txt

clean:
	rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
