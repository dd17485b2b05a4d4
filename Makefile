# Each recipe is at most three lines; what is longer stands in deploy/. Settings are given as PORT=4513 make run.
.DEFAULT_GOAL := help
.PHONY: help run test check coverage faults bench browser models-extra lock clean
export UV_SYSTEM_CERTS := 1
PY := .venv/bin/python
COMPILE := .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

help: ## Explain every command
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F '|' '{ printf "%-20s %s\n", $$1, $$2 }'

run: ## Set up what is missing, start everything, print the address (PORT, RECOLLECT_HOME, LLM=local: docs/settings.md)
	@deploy/setup.sh run
	@exec .venv/bin/recollect serve

test: ## Run every test against the real PostgreSQL, Valkey and S3 server (ARGS="tests/search -k fuse")
	@deploy/setup.sh dev
	@$(PY) -m pytest -n 2 $(ARGS)

check: ## Format, lint, strict types, import contracts, the shape of the checkout
	@deploy/setup.sh dev
	@$(PY) -m ruff format --check . && $(PY) -m ruff check . && $(PY) -m basedpyright && .venv/bin/lint-imports
	@$(PY) -m pytest -q tests/shape

coverage: ## Run the tests and show lines and branches that none of them reached
	@deploy/setup.sh dev
	@$(PY) -m pytest -n 2 --cov --cov-report=term-missing:skip-covered $(ARGS)

faults: ## Run the fault tests as often as docs/faults.md says (an hour)
	@deploy/setup.sh dev
	@RECOLLECT_FAULTS=full $(PY) -m pytest -n 2 tests/faults tests/api/live tests/browser/test_faults.py $(ARGS)

bench: ## Run the benchmarks but bench.scale (an hour) one after the other; RECOLLECT_DATA names the folder of larger sets
	@deploy/setup.sh dev
	@for file in $$(grep -l __main__ bench/*.py | grep -v /scale.py); do $(PY) -m "bench.$$(basename $$file .py)" || exit 1; done

browser: ## Find or install Chromium for the browser tests
	@deploy/browser.sh

models-extra: ## Add sentence-transformers, for any other model (3 GB to download, 6 GB installed)
	@deploy/setup.sh dev
	@.venv/bin/uv pip install --python $(PY) --require-hashes -r requirements/models.lock
	@$(PY) -m pytest tests/search/test_embed_st.py

lock: ## Compile requirements/*.in to locks with hashes and no address
	@for set in bootstrap run dev models local; do $(COMPILE) requirements/$$set.in -o requirements/$$set.lock || exit 1; done

clean: ## Remove .venv and caches; the data in .home stay
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage
	@find . -name __pycache__ -not -path './.home/*' -prune -exec rm -rf {} +
