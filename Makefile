# Every command of this house. Works with GNU make 3.81 and a POSIX shell; `make` alone lists them.

PY := .venv/bin/python

# $(value ...) is the folder's name as it was typed: spaces, quotes and dollars stay what they are.
ifneq ($(value ASSETS),)
export AKIN_ASSETS := $(value ASSETS)
endif
ifneq ($(value AKIN_DATA),)
override AKIN_DATA := $(value AKIN_DATA)
export AKIN_DATA
endif
export PORT

.DEFAULT_GOAL := help
.PHONY: help run serve setup test fuzz check bench screenshots lock audit readme clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: ## from nothing to a library in the browser; ASSETS=folder PORT=8000 AKIN_DATA=instance
	@sh scripts/run

serve: ## for many: several workers, a log line a request; AKIN_LISTEN AKIN_AUTH AKIN_HOSTS PORT AKIN_WORKERS
	@sh scripts/serve

setup: ## .venv with everything that developing needs
	@sh scripts/setup requirements-dev.txt requirements-demo.txt

test: setup ## unit, pages, library, contract and browser tests; TESTS="tests/unit -k search"
	$(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal $(TESTS)

fuzz: setup ## random bytes at filters, queries and files, led by coverage; SECONDS=60 for each
	@sh scripts/setup requirements-fuzz.txt || echo "atheris cannot be installed here" >&2
	nice $(PY) -m tests.fuzz --seconds $(or $(SECONDS),60)

check: setup ## style, types, imports, templates, documents
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m scripts.templates
	$(PY) -m scripts.links
	$(PY) -m scripts.readme --check
	$(PY) -m scripts.layout --check
	$(PY) scripts/ratios.py --check

bench: setup ## the figures that docs/benchmarks.md quotes; load and search over a million have their own commands there
	$(PY) -m bench.page
	$(PY) -m bench.day
	$(PY) -m bench.indexing
	$(PY) -m bench.likeness
	$(PY) -m bench.weights
	$(PY) -m bench.words
	[ -d instance/bench/100k ] || $(PY) -m bench.synthetic instance/bench/100k 100000
	OMP_NUM_THREADS=1 $(PY) -m bench.search instance/bench/100k 100000 --queries 25

screenshots: setup ## pages and states, wide and narrow, dark and light, into docs/screenshots
	$(PY) -m scripts.screenshots

lock: setup ## write the lock files, with hashes, from the requirements; ARGS=--upgrade
	@sh scripts/lock $(ARGS)

audit: ## ask whether a locked version has a known weakness
	@sh scripts/setup requirements-audit.txt
	$(PY) -m scripts.audit

readme: setup ## write README's configuration table from config.py
	$(PY) -m scripts.readme

clean: ## remove what the commands above made, except the data folder
	rm -rf .venv .venv.lock static/vendor tests/provider/node_modules tmp \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
