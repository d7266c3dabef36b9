# Every target sets up what it needs; with nothing to do that costs a third of a second.
PYTHON ?= python3
VENV := .venv/bin
# For what runs in the environment; not for setup, which may have to make it anew.
IN_VENV := PATH="$(CURDIR)/$(VENV):$$PATH" $(CURDIR)/$(VENV)

.PHONY: setup demo test test-long check promises bench clean help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: ## get every pinned tool; afterwards: source .venv/bin/activate
	@$(PYTHON) toolchain/bootstrap.py

demo: setup ## the main job with real parts (KEEP=1 leaves the rehearsal up)
	@$(IN_VENV)/python -m rehearsal demo $(if $(KEEP),--keep)

test: setup ## all tests but the long ones (ARGS="tests/bake -q": some of them)
	@# Three workers on two cores: what starts machines waits more than it computes. A file is one worker's.
	@$(IN_VENV)/python -m pytest $(if $(ARGS),$(ARGS),-n 3 --dist loadfile --no-loadscope-reorder -m "not long")

test-long: setup ## the whole system in six environments, and bakes killed in every phase; needs the machine
	@$(IN_VENV)/python -m pytest -m long -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/pipeline/test_whole_system.py
	@# Six environments at once need both cores.
	@$(IN_VENV)/python -m pytest -m long tests/pipeline/test_whole_system.py

check: setup ## the one gate: format, lint, types, imports, recipes, templates, cdk-nag, docs
	@$(IN_VENV)/python -m toolchain check

promises: setup ## break every hardened setting in every template: each break must be found
	@$(IN_VENV)/python -m infra promises --prove

bench: setup ## ratios, measured side by side in one run; writes docs/benchmarks.md
	@$(IN_VENV)/python -m rehearsal run -- $(CURDIR)/$(VENV)/python -m bench --output docs/benchmarks.md

clean: ## remove what was made here; the cache of fetched and built tools stays
	rm -rf .venv node_modules cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
