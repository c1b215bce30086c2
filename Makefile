# What a person or CI does with a checkout; `make` alone lists it. Every target sets up what it needs, once.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# What is compiled once is not compiled anew by each of a run's processes.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PINS := binder/constraints.txt
# Any Python from 3.11 on; `make PYTHON=/path/to/python3.12 …` chooses one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
# An environment gets its pip from uv as it gets all else: Python's own way to one takes longer than the rest of the set-up.
PIP_OF = $(PYTHON) -m pip
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(PINS)
# uv installs the same versions in a tenth of pip's time: the one on PATH, or one from the package index that pip knows.
UV := $(or $(shell command -v uv),$(BIN)/uv)
# One more than two cores: while a worker waits for a kernel or a page, another one computes.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(WORKERS)
# A file's tests share what is dear: a JupyterLab that is open, a wheel, a played table. Its own worker makes that once.
BY_FILE := --dist loadfile --no-loadscope-reorder

# What runs in the browser is bundled into fox_nb/static, which is committed: an installed fox_nb needs no Node.
NODE_BIN := .ci/node_modules/.bin
SCRIPTS := fox_nb/panels/scripts fox_nb/render/compare_view fox_nb/classroom/teacher.js
BUNDLE := $(NODE_BIN)/esbuild fox_nb/panels/scripts/*.* fox_nb/render/compare_view/comparison_page.js --bundle --minify \
  --format=esm --target=es2022 --charset=utf8 --log-level=warning --entry-names=[name] --outdir
AXE := tests/browser/node_modules/axe-core/package.json

.PHONY: help lab demo test check scripts check-scripts faults long bench lessons docs chromium clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

lab: $(VENV)/lab.stamp ## open JupyterLab on the first lesson, on the sandbox
	$(BIN)/fox-nb lab

demo: $(VENV)/lab.stamp ## the same without a screen: run the first lesson and write it as HTML
	$(BIN)/fox-nb demo

test: $(VENV)/test.stamp $(AXE) chromium ## the whole suite, in real kernels and a real browser
	$(PYTEST) $(BY_FILE)

check: $(VENV)/test.stamp check-scripts ## style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --quiet .github/workflows
	$(BIN)/python -m pytest tests/test_floors.py tests/test_waits.py::test_every_wait_has_an_end

scripts: $(NODE_BIN) ## bundle the browser's scripts into fox_nb/static, which is committed
	@built=$$(mktemp -d) && trap "rm -r $$built" EXIT && $(BUNDLE)=$$built/static \
	  && rm -rf fox_nb/static && mv $$built/static fox_nb/static

check-scripts: $(NODE_BIN)
	$(NODE_BIN)/biome check --config-path=.ci $(SCRIPTS) tests/scripts
	$(NODE_BIN)/tsc --project .ci/tsconfig.json
	node --import ./tests/scripts/page.js --test tests/scripts/*.test.js
	@built=$$(mktemp -d) && trap "rm -r $$built" EXIT && $(BUNDLE)=$$built && diff --recursive --brief $$built fox_nb/static \
	  || { echo "fox_nb/static is not what its sources make: run 'make scripts' and commit it" >&2; exit 1; }

faults: $(VENV)/test.stamp ## the long fault run: thousands of creations cut off at random, counted
	$(PYTEST) tests/faults -m "long or not long" -s

long: $(VENV)/long.stamp $(AXE) chromium ## what takes too long for every day: a fresh clone, thirty kernels, other browsers, hosts and Pythons; fills in docs/places.md
	@.ci/browsers
	FOX_NB_PLACES=docs/places.md $(PYTEST) $(BY_FILE) -m "long and not alone" --timeout=600 --ignore=tests/faults
	$(PYTEST) -n 1 -m alone --timeout=600

bench: $(VENV)/test.stamp chromium ## measure against the alternatives; writes docs/benchmarks.md
	$(BIN)/python tests/bench

lessons: $(VENV)/test.stamp ## run the lessons and store their outputs
	$(BIN)/python tests/lessons

docs: $(VENV)/docs.stamp $(NODE_BIN) ## the documentation with the lessons as a site that needs no server: build/site/index.html
	rm -rf build/pages
	mkdir -p build/pages
	cp -r docs notebooks CHANGELOG.md CONTRIBUTING.md LICENSE build/pages
	cp README.md build/pages/index.md
	$(BIN)/mkdocs build --quiet --config-file .ci/mkdocs.yml

chromium: ## a Chromium and fonts for the browser tests, if there is none
	@.ci/chromium

clean: ## remove what these targets made (never fox_runs: it holds paid pictures)
	rm -rf $(VENV) build dist .ci/node_modules tests/browser/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made.stamp:
	@test -n "$(PYTHON)" || { echo "fox_nb needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv --without-pip $(VENV) || { echo "no venv: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@test -x $(UV) || $(PIP_OF) --python $(BIN)/python install --quiet --disable-pip-version-check --constraint $(PINS) uv \
	  || echo "there is no uv to be had: pip does its work" >&2
	@touch $@

$(VENV)/%.stamp: $(VENV)/made.stamp pyproject.toml $(PINS)
	@echo "setting up $(VENV) ($*)"
	@index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(PIP_OF) config get global.index-url 2>/dev/null || true)}}; \
	  test -x $(UV) && env $${index:+UV_DEFAULT_INDEX="$$index"} \
	    $(UV) pip install --quiet --python $(BIN)/python --constraint $(PINS) --editable '.[$*]' pip \
	  || { echo "without uv: this takes some minutes" >&2; $(BIN)/python -m ensurepip >/dev/null \
	       || { echo "no pip: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }; $(PIP) --editable '.[$*]'; }
	@touch $@

$(NODE_BIN): .ci/package.json
	@command -v npm >/dev/null || { echo "checking the scripts needs Node and npm (Debian: apt-get install npm)" >&2; exit 1; }
	@npm install --prefix .ci --no-package-lock --no-audit --no-fund --ignore-scripts --silent
	@touch $@

$(AXE): tests/browser/package.json
	@command -v npm >/dev/null || { echo "the accessibility tests need npm (Debian: apt-get install npm)" >&2; exit 1; }
	@npm install --prefix tests/browser --no-package-lock --no-audit --no-fund --silent
	@touch $@
