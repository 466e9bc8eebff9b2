# Everything happens in .venv, which is made when it is missing and renewed when pyproject.toml changes.
# pip compiles nothing ahead: Python does so for the few modules that are imported, which saves a minute.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PYTEST_ARGS ?=
BROWSER := app/browser
CHECKERS := $(BROWSER)/node_modules
SIDE_BY_SIDE := --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

# Python keeps what it has compiled, whatever the environment says: every start would compile all libraries anew, for ten
# seconds and more.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo lab test test-fast test-gpu check check-types check-style train notebooks screenshots

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Open the studio in the browser (ARGS="--port 7861" adds options)
	$(BIN)/python app/main.py $(ARGS)

lab: $(VENV)/.installed-all ## Open the notebooks in JupyterLab (ARGS="--port 8889" adds options)
	$(BIN)/python -m jupyterlab --config notebooks/lab/jupyter_lab_config.py $(ARGS) notebooks

test: $(VENV)/.installed-all ## Run the tests, a file at a time on each core (PYTEST_ARGS="-k depth" chooses some)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

test-fast: $(VENV)/.installed-all ## Run the tests that take a moment each
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) --ignore=tests/app/browser -m "not slow and not browser" $(PYTEST_ARGS)

test-gpu: $(VENV)/.installed-all ## Run the tests that need a GPU
	$(BIN)/python -m pytest -m gpu $(PYTEST_ARGS)

check: $(VENV)/.installed-all $(CHECKERS)/.installed ## Lint, check the format, the types and who imports whom
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-types check-style

check-types: ## Check the types alone
	$(BIN)/pyright --pythonpath $(BIN)/python

check-style: ## Check all but the types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	cd $(BROWSER) && node_modules/.bin/eslint --max-warnings 0 .
	cd $(BROWSER) && node_modules/.bin/tsc --project .

train: $(VENV)/.installed ## Train rooms-tiny, a few minutes (ARGS="--steps 100" overrides)
	$(BIN)/python -m bridgenet.train rooms-tiny $(ARGS)

notebooks: $(VENV)/.installed-all ## Run all notebooks and keep their output
	$(BIN)/python notebooks/execute.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("BridgeNet needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Choose one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile -e .
	@touch $@

$(VENV)/.installed-all: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile -e '.[all]'
	@touch $@ $(VENV)/.installed

# Only the checks of the page's modules need Node; the studio and its tests do not.
$(CHECKERS)/.installed: $(BROWSER)/package.json $(BROWSER)/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 18 || (major == 18 && minor >= 18) ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null || { echo 'make check needs Node 18.18 or newer and npm, for the modules of the page. On Debian: apt-get install nodejs npm'; exit 1; }
	npm ci --prefix $(BROWSER) --no-audit --no-fund --loglevel=error
	@touch $@

screenshots: $(VENV)/.installed-all ## Take pictures of every tab of the studio, light and dark, into docs/
	$(BIN)/python docs/screenshots.py $(ARGS)
	$(BIN)/python docs/walk.py
