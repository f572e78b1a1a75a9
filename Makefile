# `make help` lists what there is. Nothing here is needed: the README's plain commands do the same.
.PHONY: help setup check test readme

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## a virtual environment in .venv with everything that work on the code needs
	python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[dev]'

check: ## lint, types, direction of imports, tests (after make setup)
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest

test: ## set-up and tests from nothing, as the README's second command does
	.ci/run

readme: ## the terminal sessions in the READMEs, with what the program prints now
	.venv/bin/python tests/sessions.py
