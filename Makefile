# The helpdesk on one machine. `make` alone lists what there is.
#   DATA=dir     where everything is kept (default: data)
#   PORT=n       the web port (default: 8000); mail is received on SMTP_PORT (default: PORT + 25)
#   PYTHON=p     the Python that makes the virtual environment (3.11 or newer)

PYTHON ?= python3
BIN := .venv/bin
UV := uv==0.13.9
# for commands that sign nothing and ask no database
SIGNLESS := SECRET_KEY=nothing-is-signed-here-but-a-key-is-wanted
SUPPORT ?= support@demo.localhost
export DATA PORT SMTP_PORT

# what is not set stays unset, so that the defaults of settings.py hold
ifeq ($(strip $(DATA)),)
unexport DATA
endif
ifeq ($(strip $(PORT)),)
unexport PORT
endif
ifeq ($(strip $(SMTP_PORT)),)
unexport SMTP_PORT
endif

.PHONY: help run install test check lint format types contracts templates migrations \
	faults bench demo screenshots score-mail mail clean
.DELETE_ON_ERROR:

help:  ## This list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(BIN)/.installed  ## Everything in the foreground: databases, web, worker, clock, mail server (Ctrl-C stops it)
	@exec $(BIN)/python -m helpdesk.running

install: $(BIN)/.installed-dev  ## The virtual environment, with what tests and checks need

test: $(BIN)/.installed-dev  ## The tests; ARGS="-k words" runs some
	@$(SIGNLESS) $(BIN)/python manage.py compile_translations
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: $(BIN)/.installed-dev  ## Lint, format, types, import contracts, templates, migrations: all of them, then the verdict
	@$(MAKE) --no-print-directory --keep-going lint format types contracts templates migrations

lint:
	@$(BIN)/ruff check .

format:
	@$(BIN)/ruff format --check .

types:
	@$(BIN)/mypy

contracts:
	@$(BIN)/lint-imports --no-logo

templates:
	@git ls-files -z --cached --others --exclude-standard '*.html' | xargs -0 -r $(BIN)/djade --target-version 5.2 --check

migrations:
	@$(SIGNLESS) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

faults: $(BIN)/.installed-dev  ## The fault matrix of docs/reliability.md, FAULTS_ROUNDS=5 times; ARGS="-k f40" runs a row
	@FAULTS_ROUNDS=$(or $(FAULTS_ROUNDS),5) $(BIN)/python -m pytest tests/faults -q $(ARGS)

bench: $(BIN)/.installed-dev  ## The figures; WHAT=queue SIZES="1k 100k" measures some
	@$(BIN)/python manage.py bench $(if $(WHAT),--what "$(WHAT)") $(if $(SIZES),--sizes "$(SIZES)") $(ARGS)

demo: $(BIN)/.installed  ## The demo company, in a helpdesk that runs (TICKETS=20000)
	@$(BIN)/python manage.py demo --tickets $(or $(TICKETS),20000)

mail: $(BIN)/.installed  ## Send a mail to the helpdesk that runs here (SUPPORT=support@demo.localhost)
	@$(BIN)/python -c "import os, smtplib; from email.message import EmailMessage; m = EmailMessage(); \
	m['From'] = 'Ada Lovelace <ada@example.com>'; m['To'] = '$(SUPPORT)'; m['Subject'] = 'Where is my order?'; \
	m.set_content('Hello, I ordered a lamp last week. When does it come?'); \
	port = int(os.environ.get('SMTP_PORT') or int(os.environ.get('PORT') or 8000) + 25); \
	smtplib.SMTP('127.0.0.1', port).send_message(m); print('sent to $(SUPPORT) through port', port)"

screenshots: $(BIN)/.installed-dev  ## The pictures of the README, taken in Chromium
	@$(BIN)/python manage.py screenshots $(ARGS)

score-mail: $(BIN)/.installed  ## How well mails are read: CORPUS=dir with score_mail.py and mail/
	@test -n "$(CORPUS)" || { echo "Say where the corpus is: make score-mail CORPUS=dir"; exit 2; }
	@$(BIN)/python $(CORPUS)/score_mail.py --mails $(CORPUS)/mail --stream "$(BIN)/python manage.py explain_mail --stream" $(ARGS)

clean:  ## Remove the virtual environment and caches; data are kept
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .synapse .pds

# --- the virtual environment -----------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "Python 3.11 or newer is needed; $(PYTHON) is not. Name one: PYTHON=python3.12 make run"; exit 1; }
	@echo "making the virtual environment .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	echo "Python cannot make virtual environments here. On Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV) || true

define install
@echo "installing the packages of $(1)"
@{ test -x $(BIN)/uv && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r $(1); } \
|| { echo "uv did not manage; pip takes over (slower)"; \
$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1); }
@touch $@
endef

$(BIN)/.installed: requirements.txt constraints.txt | $(BIN)/python
	$(call install,requirements.txt)

$(BIN)/.installed-dev: requirements-dev.txt requirements.txt constraints.txt | $(BIN)/python
	$(call install,requirements-dev.txt)
	@touch $(BIN)/.installed
