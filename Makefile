# Only Python 3.11+ and make are assumed; everything else is installed here, in the checkout.
PYTHON ?= python3
SHELL := /bin/sh
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Compiled files make every later command start faster.
unexport PYTHONDONTWRITEBYTECODE

TOOLS := .venv/.installed node_modules/.installed
LOCAL_ACCOUNTS := .venv-sandbox/.installed
BROWSER := tests/crossrole/report/node_modules/.installed
CALLERS := .venv-callers/.installed tests/callers/node_modules/.installed
BENCH := .venv-bench/.installed

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: try
try: $(TOOLS) $(LOCAL_ACCOUNTS) ## deploy to two local accounts and watch what is allowed and denied
	@python -m sandbox try

.PHONY: accounts
accounts: $(TOOLS) $(LOCAL_ACCOUNTS) ## keep two local accounts running, to work in by hand
	@python -m sandbox accounts

.PHONY: test
test: $(TOOLS) $(LOCAL_ACCOUNTS) $(BROWSER) $(CALLERS) ## run every test, those in the two local accounts too
	@python -m pytest --numprocesses auto --maxprocesses 4

.PHONY: lint
lint: synth ## check style, types and the synthesized templates
	@ruff check . && ruff format --check .
	@mypy
	@cfn-lint cdk.out/*.template.json
	@python -m crossrole lint

.PHONY: synth
synth: $(TOOLS) ## make the templates in cdk.out, with every check; needs no network and no credentials
	@cdk synth --quiet
	@echo "the templates are in cdk.out"

.PHONY: package
package: $(TOOLS) ## make the writer's package, as each synth deploys it, and say which it is
	@PYTHONPATH=constructs python -m cross_account.writer_package

.PHONY: bench
bench: $(BENCH) ## measure the writer against the original and others, and the decisions, into docs/performance.md and docs/fleet.md
	@.venv-bench/bin/python bench/performance.py
	@python bench/decisions.py --write
	@python bench/fleet.py --write

.PHONY: docs
docs: synth $(BROWSER) ## write the JSON Schema, the documents' tables and their pictures anew
	@python docs/generate.py

.PHONY: setup
setup: $(TOOLS) ## install what deploying and testing need, into the checkout

.PHONY: clean
clean: ## remove what the other commands made
	rm -rf .venv .venv-sandbox .venv-bench .venv-callers .package cdk.out .sandbox access.html
	rm -rf node_modules tests/crossrole/report/node_modules tests/callers/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.installed: requirements.txt requirements-dev.txt constraints.txt
	@$(call python_environment,.venv,requirements-dev.txt)
	@$(command_anywhere)
	@touch $@

.venv-sandbox/.installed: sandbox/requirements.txt
	@$(call python_environment,.venv-sandbox,sandbox/requirements.txt)
	@touch $@

.venv-bench/.installed: bench/requirements.txt constraints.txt
	@$(call python_environment,.venv-bench,bench/requirements.txt)
	@touch $@

node_modules/.installed: package.json package-lock.json .venv/.installed
	@echo "installing the CDK CLI, the policy simulator, the drawing library and a Python 3.14 to compile with into node_modules"
	@npm ci --no-progress --loglevel=error
	@ln -sf ../../node_modules/.bin/cdk .venv/bin/cdk
	@touch $@

# Only the tests and `make docs` look at the page of `crossrole report`, so only they install a browser.
tests/crossrole/report/node_modules/.installed: tests/crossrole/report/package.json tests/crossrole/report/package-lock.json .venv/.installed
	@echo "installing a headless browser into tests/crossrole/report/node_modules"
	@cd tests/crossrole/report && npm ci --no-progress --loglevel=error --ignore-scripts
	@touch $@

# Only the tests run what `crossrole profile --for` prints, so only they install the programs that it is for.
.venv-callers/.installed: tests/callers/requirements.txt
	@$(call python_environment,.venv-callers,tests/callers/requirements.txt)
	@touch $@

tests/callers/node_modules/.installed: tests/callers/package.json tests/callers/package-lock.json .venv/.installed
	@echo "installing the AWS SDK for JavaScript into tests/callers/node_modules"
	@cd tests/callers && npm ci --no-progress --loglevel=error --ignore-scripts
	@touch $@

# $(1): the virtual environment, $(2): its requirements
define python_environment
	if ! $(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "crossrole needs Python 3.11 or newer with venv; $(PYTHON) is not that:" \
			"install it, or name another: make PYTHON=/path/to/python3.12" >&2; exit 2; fi; \
	echo "installing $(2) into $(1) (once, a minute or so)"; \
	$(PYTHON) -m venv $(1) && $(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(2)
endef

# `crossrole` in an active environment, from any folder. In sh, since a #! line takes no path with a space.
define command_anywhere
	printf '#!/bin/sh\nexec "%s/.venv/bin/python" -c "%s" "%s" "$$@"\n' "$(CURDIR)" \
		"import sys; sys.path.insert(0, sys.argv.pop(1)); from crossrole.cli import main; sys.exit(main())" \
		"$(CURDIR)" > .venv/bin/crossrole && chmod +x .venv/bin/crossrole
endef
