# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Needed beforehand: Python 3.11 or newer with pip, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --constraint constraints.txt
DEMO_POSES := --pose stand --pose hands-on-hips --pose walk-left --pose three-quarter-right --pose stand-left --pose stand-back
# Two processes of one thread each.
TEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal

.PHONY: demo test test-all check format clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.core
	$(BIN)/rsagan generate src/rsagan/samples/woman-walking.jpg $(DEMO_POSES) --out demo-output/photo
	$(BIN)/python examples/synthetic_people.py demo-output/synthetic
	@echo
	@echo "The bundled photo in other poses:  demo-output/photo/grid.png"
	@echo "Six synthetic people in six poses: demo-output/synthetic/grid.png"

test: check $(VENV)/.chromium
	$(TEST) -m "not slow"

test-all: check $(VENV)/.chromium
	$(TEST)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo-output .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The environment is made without ensurepip, which some systems leave out; the system's pip fills it.
$(BIN)/python:
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) --editable '.[train,web,dev]'
	@touch $@

# The browser tests want a Chromium; without one they say so and are skipped.
$(VENV)/.chromium: $(VENV)/.dev
	@command -v chromium || command -v chromium-browser || command -v google-chrome || \
		$(BIN)/playwright install chromium || echo "No Chromium could be had; the browser tests will be skipped."
	@touch $@
