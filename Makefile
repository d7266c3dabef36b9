# Every target sets up what it needs; with nothing to do that costs a third of a second.
PYTHON ?= python3
VENV := .venv/bin
# For what runs in the environment; not for setup, which may have to make it anew.
IN_VENV := PATH="$(CURDIR)/$(VENV):$$PATH" $(CURDIR)/$(VENV)

.PHONY: setup demo test check promises bench clean help

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: ## get every pinned tool; afterwards: source .venv/bin/activate
	@$(PYTHON) toolchain/bootstrap.py

demo: setup ## the main job with real parts (KEEP=1 leaves the rehearsal up)
	@$(IN_VENV)/python -m rehearsal demo $(if $(KEEP),--keep)

test: setup ## all tests (ARGS="tests/bake -q": some of them)
ifdef ARGS
	@$(IN_VENV)/python -m pytest $(ARGS)
else
	@# Two workers for the quick ones; what starts machines or waits for them runs alone, one test after the other.
	@$(IN_VENV)/python -m pytest -n 2 --dist loadfile -m "not slow"; quick=$$?; \
	$(IN_VENV)/python -m pytest -m slow && exit $$quick
endif

check: setup ## the one gate: format, lint, types, imports, recipes, templates, cdk-nag, docs
	@$(IN_VENV)/python -m toolchain check

promises: setup ## break every hardened setting in every template: each break must be found
	@$(IN_VENV)/python -m infra promises --prove

bench: setup ## ratios, measured side by side in one run; writes docs/benchmarks.md
	@$(IN_VENV)/python -m rehearsal run -- $(CURDIR)/$(VENV)/python -m bench --output docs/benchmarks.md

clean: ## remove what was made here; the cache of fetched and built tools stays
	rm -rf .venv node_modules cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
