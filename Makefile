VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
AUDIT := .local/audit
PYTHON ?= python3
# A demo and a test run start some hundred processes of ours: none should compile the same modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-erps bench chaos fuzz audit up down pictures lock

help: ## say what each verb does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything the lock file names

demo: $(STAMP) ## play a month-end on a stack of its own; ARGS=--once ends by itself
	@$(BIN)/invoice-export demo $(ARGS)

check: $(STAMP) ## format, lint, types, import contracts, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 tests/unit tests/architecture

test: $(STAMP) ## the whole suite, with a real Postgres and Kafka
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --durations 15 --reruns 2 -rR $(ARGS)

test-erps: $(STAMP) ## every kind of Tryton against the contract, a soak, the demo on the fallback broker (an hour)
	INVOICE_EXPORT_EVERY_ERP=1 INVOICE_EXPORT_EVERY_BROKER=1 $(BIN)/pytest -n 2 --dist loadfile --durations 15 \
		tests/contract/erp tests/integration/test_tryton.py tests/acceptance/test_tryton_soak.py \
		tests/acceptance/test_demo.py -k "tryton or fallback" $(ARGS)

bench: $(STAMP) ## measure; ARGS=door: one of the benchmarks (CONTRIBUTING.md lists them); ARGS="--small door" tries it
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(STAMP) ## break everything on purpose and prove the laws (an hour); ARGS=--short takes two minutes
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: $(STAMP) ## odd webhooks at the receiver's door, others each time; ARGS=--minutes=60 (default 10)
	@$(BIN)/python -m tests.fuzz $(ARGS)

audit: $(AUDIT)/.installed ## known weaknesses of the locked libraries, and what is in them as .local/sbom.json
	$(AUDIT)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
		--index-url simple --output-format JSON --output-file .local/sbom.json
	$(AUDIT)/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict $(ARGS)

up: $(STAMP) ## start the stack in the background; .local/stack.env says where
	@$(BIN)/python -m deploy.sandbox.stack up

down: $(STAMP) ## stop what `make up` started, and nothing else
	@$(BIN)/python -m deploy.sandbox.stack down

pictures: $(STAMP) ## renew the README's pictures, from a demo that stays up
	@$(BIN)/python -m tests.support.screenshots

lock: $(STAMP) ## choose the newest versions that pyproject.toml allows
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra sandbox --extra dev --universal --upgrade --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -o requirements.lock
	@for series in deploy/sandbox/tryton/locks/*.in deploy/audit/tools.in; do $(BIN)/uv pip compile $$series --universal --upgrade \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
		--quiet -o $${series%.in}.lock; done

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "invoice-export needs Python 3.11 or newer as $(PYTHON) (or make PYTHON=python3.12)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo "no virtual environment could be made; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(AUDIT)/.installed: deploy/audit/tools.lock
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r deploy/audit/tools.lock
	@touch $@
