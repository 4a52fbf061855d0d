# Everything from a fresh clone with plain pip: each target sets up .venv by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# `make test LM=no` leaves torch and what needs it out.
LM ?= yes
READY_LM := $(VENV)/.ready-lm
READY_DOCS := $(VENV)/.ready-docs
MIN := .venv-min
SITE := build/site
# One thread for each process: two processes with two threads each wait for one another on two cores.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest
QUICK := -p tools.quick --dist worksteal

.PHONY: demo test quick lint types contract check docs min-versions schemas pages league scoreboard hooks clean

demo: $(READY)  ## the default study on scanned digits, and its report
	$(BIN)/w2sg demo

test: $(READY) $(if $(filter yes,$(LM)),$(READY_LM))  ## the whole test suite
	$(PYTEST) -n auto --dist loadgroup

quick: $(READY)  ## what catches most breakage, in five minutes on two idle cores; tools/quick.py says what it leaves out
	$(PYTEST) -n auto $(QUICK)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contract: $(READY)  ## which room may import which
	$(BIN)/lint-imports

check: lint types contract test

hooks: $(READY)  ## let git run ruff before each commit
	$(BIN)/python -m pip install --quiet pre-commit
	$(BIN)/pre-commit install

# Old packages warn beside new ones that they need, and only today's pydantic writes the committed schemas to the letter.
min-versions:  ## the quick tests on the oldest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear $(MIN)
	$(MIN)/bin/python -m pip install --quiet --constraint constraints-min.txt --editable '.[dev]'
	$(subst $(BIN),$(MIN)/bin,$(PYTEST)) -n auto $(QUICK) -W ignore::DeprecationWarning \
		--deselect tests/tools/test_schemas.py::test_committed_schemas_are_those_of_the_code

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(READY_LM): $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,lm]'
	touch $@

$(READY_DOCS): $(READY_LM)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,lm,docs]'
	touch $@

docs: $(READY_DOCS)  ## the site, in build/site/index.html: every tutorial runs, and a warning or a broken link fails
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --fresh-env --jobs auto --quiet docs $(SITE)

clean:
	rm -rf $(VENV) $(MIN) $(SITE) docs/reference/built .w2sg report.html

schemas: $(READY)  ## write docs/reference/schemas.json from the configs
	$(BIN)/python -m tools.schemas > docs/reference/schemas.json.new
	mv docs/reference/schemas.json.new docs/reference/schemas.json

pages: schemas  ## write the generated parts of committed pages anew: schemas, methods, text tasks, numbers of the treatise
	$(BIN)/python -m tools.text_tasks > docs/reference/text-tasks.md.new
	mv docs/reference/text-tasks.md.new docs/reference/text-tasks.md
	$(BIN)/python -m tools.methods > docs/reference/methods.md.new
	mv docs/reference/methods.md.new docs/reference/methods.md
	$(BIN)/python -m tools.blocks docs/explanation/theory.md docs/explanation/desiderata.md docs/explanation/strategy.md

# The two pages of real data are built and not committed. They need the data sets in ./data and an encoder in ./models,
# as the heads of the study files say.
league: $(READY_LM)  ## docs/league.md with its figures: 10,800 runs
	$(BIN)/w2sg league studies/league.toml -o docs/league.md

scoreboard: $(READY_LM)  ## docs/theory-scores.md with its figures: 4,420 runs
	$(BIN)/w2sg theory score studies/theory.toml -o docs/theory-scores.md
