# The commands of this project. They need GNU make 3.81 or newer and a POSIX shell; `make` alone lists them.

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
.PHONY: help run serve setup test test-all fuzz check bench screenshots lock audit settings-docs field-docs files-docs licences clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: ## from nothing to a library in the browser; ASSETS=folder PORT=8000 AKIN_DATA=instance
	@sh scripts/python run.py

serve: ## for many: several workers, a log line a request; AKIN_LISTEN AKIN_AUTH AKIN_HOSTS PORT AKIN_WORKERS
	@sh scripts/python -m scripts.launch

setup: ## .venv with everything that developing needs
	@sh scripts/python -m scripts.install requirements/dev.txt requirements/demo.lock

# Coverage costs little from Python 3.12 on, and doubles the tests' processor time on 3.11: there,
# COVERAGE=1 asks for it, and test-all always reports it.
COVERAGE = $(shell $(PY) -c 'import sys; print("1" if sys.version_info >= (3, 12) else "")')
REPORT = $(if $(COVERAGE),--cov --cov-report=term:skip-covered)

test: setup ## unit, pages, library, contract and browser tests; TESTS="tests/unit -k search" COVERAGE=1
	COVERAGE_CORE=$$($(PY) -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
		$(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal $(REPORT) $(MARKERS) $(TESTS)

test-all: MARKERS = -m "" --hypothesis-profile=thorough
test-all: COVERAGE = 1
test-all: export KILLS = 20
test-all: test ## make test, the container image, clusters and more tests of PostgreSQL, which take minutes; needs root, buildah, debootstrap

fuzz: setup ## random bytes at filters, queries and files, led by coverage; SECONDS=60 for each
	@sh scripts/python -m scripts.install requirements/fuzz.txt || echo "atheris cannot be installed here" >&2
	nice $(PY) -m tests.fuzz --seconds $(or $(SECONDS),60)

check: setup ## style, types, imports, templates, documents
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m scripts.repository
	$(PY) -m scripts.templates
	$(PY) -m scripts.links
	$(PY) -m scripts.settings_docs --check
	$(PY) -m scripts.files_docs --check
	$(PY) -m scripts.licences --check
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
	@sh scripts/python -m scripts.install requirements/audit.txt
	$(PY) -m scripts.audit

settings-docs: setup ## write the tables of settings in README and docs/configuration.md from config.py
	$(PY) -m scripts.settings_docs

field-docs: setup ## write docs/fields.md from app/query/fields.py
	$(PY) -m scripts.field_docs

files-docs: setup ## write docs/files.md from the tables of formats and of makers
	$(PY) -m scripts.files_docs

licences: setup ## write docs/licences.md from the metadata of the installed packages
	$(PY) -m scripts.licences

clean: ## remove what the commands above made, except the data folder
	rm -rf .venv .venv.lock static/vendor tests/provider/node_modules tmp \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
