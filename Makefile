# Two commands do everything: `make run` and `make test`. Bare `make` lists the rest.

BIN := .venv/bin
LAUNCH := $(BIN)/python -m launch
SERVICES := $(LAUNCH) services --
CODE := config core clinics patients reminders scheduling infusion reference interop clinical \
	launch benchmarks docs tests manage.py
PYTEST := $(BIN)/python -m pytest

# The first Python on the PATH that is new enough; PYTHON=... says which one to take.
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3.11 python3.12 python3.13 python3.14 python3)
FIND_PYTHON = $(shell for p in $(CANDIDATES); do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; \
	done)

.DEFAULT_GOAL := help
.PHONY: help run test fast unit race browser check format-check lint types contracts templates \
	demo-pages other-pages migrations deploy format fix bench battery reset mutants openapi pictures \
	venv

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.base ## the clinic with a demo in it, on http://localhost:8000 (PORT=8001 make run)
	@exec $(LAUNCH) run

test: .venv/.dev ## everything CI runs
	@$(LAUNCH) libraries
	@failed=""; \
	for stage in check unit race browser; do \
		echo "== $$stage"; \
		$(MAKE) --no-print-directory $$stage || failed="$$failed $$stage"; \
	done; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed"; exit 1; fi; echo "All stages passed."

fast: .venv/.dev ## the tests without races and browser
	@$(MAKE) --no-print-directory unit

unit: .venv/.dev # two workers, one for each core of a small machine
	@$(LAUNCH) pdf
	@$(SERVICES) $(PYTEST) -n 2 --create-db -m "not race and not browser"

race: .venv/.dev # real connections, threads and processes: one at a time
	@$(SERVICES) $(PYTEST) -n 0 --create-db -m race

browser: .venv/.dev # drives a Chromium, which is installed when there is none
	@$(LAUNCH) libraries
	@chromium="$$($(LAUNCH) browser)" && \
	CHROMIUM_PATH="$$chromium" $(SERVICES) $(MAKE) --no-print-directory -k -j 2 -O demo-pages other-pages

demo-pages: # the pages of one whole demo clinic, and the parts that pages are made of
	@$(SERVICES) $(PYTEST) -n 0 --create-db -m browser tests/browser tests/display \
		--ignore=tests/browser/ward

other-pages: # beside it, in a database of its own
	@TEST_DATABASE_NAME=test_pages $(SERVICES) $(PYTEST) -n 0 --create-db -m browser \
		--ignore-glob="tests/browser/test_*" --ignore=tests/display

check: .venv/.dev ## format, lint, types, import contracts, templates, migrations, deployment
	@$(MAKE) --no-print-directory -k -j 2 types format-check lint contracts templates migrations deploy

format-check: .venv/.dev
	@$(BIN)/ruff format --check .

lint: .venv/.dev
	@$(BIN)/ruff check .

types: .venv/.dev
	@$(BIN)/mypy $(CODE)

contracts: .venv/.dev
	@$(BIN)/lint-imports

templates: .venv/.dev
	@$(BIN)/djlint templates --lint --quiet

migrations: .venv/.dev
	@$(SERVICES) $(BIN)/python manage.py makemigrations --check --dry-run

# The values stand in for a clinic's own; the check reads settings and connects to nothing.
deploy: .venv/.dev
	@DJANGO_SETTINGS_MODULE=config.settings.production \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	ALLOWED_HOSTS=clinic.example PUBLIC_URL=https://clinic.example \
	DATABASE_URL=postgresql://clinic@db.example/clinic REDIS_URL=redis://redis.example:6379/0 \
	EMAIL_HOST=mail.example EMAIL_FROM=clinic@clinic.example \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

format: .venv/.dev ## put code into the house's format
	@$(BIN)/ruff format .

fix: .venv/.dev ## format, and mend what ruff can mend by itself
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

battery: .venv/.dev ## the long proofs: every property in full, twenty rounds of races, five minutes of storm
	@HYPOTHESIS_PROFILE=full $(PYTEST) -n 2 tests/clinical
	@BATTERY=full $(SERVICES) $(PYTEST) -n 0 --create-db \
		tests/scheduling/test_one_slot_battery.py tests/scheduling/test_desk_model.py \
		tests/infusion/test_run_model.py tests/scheduling/planner

# `make bench board` runs the benches named after it; without names, all of them.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
BENCHES := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(BENCHES): ; @:
endif

bench: .venv/.dev ## measure against raw SQL, all or by name (`make bench board`); a table, JSON under var/
	@$(SERVICES) $(BIN)/python -m benchmarks $(BENCHES) $(ONLY)

mutants: .venv/.dev ## change the clinical rules one by one and see a test fail (an hour)
	@$(BIN)/python -m tests.clinical.mutation --jobs 2

pictures: .venv/.dev ## take the README's pictures of the running screens again
	@chromium="$$($(LAUNCH) browser)" && \
	CHROMIUM_PATH="$$chromium" DJANGO_SETTINGS_MODULE=config.settings.test \
	$(SERVICES) $(BIN)/python -m docs.pictures

openapi: .venv/.dev ## write docs/openapi.json from the views
	@DJANGO_SETTINGS_MODULE=config.settings.test $(SERVICES) $(BIN)/python manage.py spectacular \
	--format openapi-json --file docs/openapi.json --validate --fail-on-warn

reset: .venv/.base ## throw away what `make run` has kept (asks first)
	@$(LAUNCH) reset

venv: .venv/.dev ## the virtual environment alone

# A stamp is older than its lock file exactly when the lock has changed since.
.venv/.base: requirements/base.txt | .venv/bin/pip
	@echo "Installing what requirements/base.txt locks ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.dev: requirements/dev.txt | .venv/bin/pip
	@echo "Installing what requirements/dev.txt locks ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@ .venv/.base

.venv/bin/pip:
	@found="$(FIND_PYTHON)"; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed; none of these is: $(CANDIDATES)."; exit 1; fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found cannot make virtual environments: install python3-venv (Debian, Ubuntu)."; \
		exit 1; fi; \
	$$found -m venv .venv
