# The course in two commands: `make lab` opens it, `make test` tests all of it.
# On Windows there is no make: the README has the same steps for PowerShell.

PYTHON ?= python3
VENV ?= .venv
FLOOR ?= .venv-floor
PEERS ?= .venv-peers
# More words for pip, such as an index of your choice.
PIP_ARGS ?=
# Processes of `make test`, each of up to 3 GB; one more than cores, since some tests wait. 0: plain output.
TEST_WORKERS ?= 3
# A constraints file, for an environment that is the same each time (CI uses one).
CONSTRAINTS ?=

BIN = $(VENV)/bin
WITH = $(if $(CONSTRAINTS),-c "$(CONSTRAINTS)")
PIP_INSTALL = -m pip install --disable-pip-version-check $(PIP_ARGS)
# $(call install,python,what): with uv, which takes a third of pip's time; with pip, where uv cannot be had or
# does not find what pip does, and where there are words for pip.
install = { [ -z "$(PIP_ARGS)" ] && "$(1)" $(PIP_INSTALL) --quiet $(WITH) uv \
	  && "$(1)" -m uv pip install --compile-bytecode --python "$(1)" $(2); } || "$(1)" $(PIP_INSTALL) $(2)

.PHONY: help lab classroom hub test bench peers floor install lint clean

help:
	@echo "make lab        install, then open JupyterLab on the first lesson"
	@echo "make classroom  install what teachers need: decks, hand-outs, graded tables"
	@echo "make hub        install the class server (JupyterHub); needs npm"
	@echo "make test       install, then run the whole test suite"
	@echo "make bench      measure speed: one ratio a line (tests/bench)"
	@echo "make peers      our attacks beside other libraries', in an environment of their own (20 minutes)"
	@echo "make floor      unit tests in a second environment with the oldest torch we promise"
	@echo "make lint       ruff, and the floors of the house"
	@echo "make clean      remove environments and caches; never work/ or runs/"
	@echo "Wishes:         PYTHON=python3.12  VENV=folder  TEST_WORKERS=4  PIP_ARGS='words for pip'"

lab: $(VENV)/.installed
	"$(BIN)/python" -m course_lib lab

# A file's tests stay together: they share what is dear to make. tests/conftest.py says which go first.
test: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 "$(BIN)/python" -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder \
	  $(PYTEST_ARGS)

install: $(VENV)/.installed

# The class server: jupyterhub from pip, its proxy from npm. Learners' accounts cannot write __pycache__.
hub: $(VENV)/.installed-hub .hub/node_modules/.bin/configurable-http-proxy
	@"$(BIN)/python" -m compileall -q course_lib
	@echo "Ready. To start it, as root: $(BIN)/jupyterhub -f course_lib/classroom/hub/jupyterhub_config.py"

.hub/node_modules/.bin/configurable-http-proxy:
	npm install --no-fund --no-audit --prefix .hub "configurable-http-proxy@^5"

classroom: $(VENV)/.installed-classroom
	@echo "Ready: . $(BIN)/activate, then course student, course slides, course check (each with --help)."

lint: $(VENV)/.installed-test
	"$(BIN)/python" -m ruff check .
	"$(BIN)/lint-imports"

bench: $(VENV)/.installed-test
	@set -e; for file in tests/bench/*.py; do echo "== $$file"; OMP_NUM_THREADS=1 "$(BIN)/python" "$$file"; done

# Other attack libraries pin old packages, so they get an environment of their own, and no dependencies of
# theirs. The allocator (glibc's, and for all of them) keeps what it has instead of giving it back each time.
peers: $(PEERS)/.installed
	OMP_NUM_THREADS=1 "$(PEERS)/bin/python" tests/bench/peers/findings.py
	OMP_NUM_THREADS=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4294967296 \
	  "$(PEERS)/bin/python" tests/bench/peers/main.py $(PEERS_ARGS)

# The floor of the ranges in pyproject.toml. Not part of `make test`: it is a second, large environment.
floor: $(FLOOR)/.installed-test
	OMP_NUM_THREADS=1 "$(FLOOR)/bin/python" -m pytest -m "not browser" \
	  --ignore=tests/notebooks --ignore=tests/browser $(PYTEST_ARGS)

# Stamps: nothing is installed again while pyproject.toml stays the same.
$(VENV)/.installed: pyproject.toml | $(VENV)/pyvenv.cfg
	@$(MAKE) --no-print-directory .big-download
	@$(call install,$(BIN)/python,$(WITH) -e .)
	@touch "$@"

$(VENV)/.installed-classroom: pyproject.toml | $(VENV)/pyvenv.cfg
	@$(MAKE) --no-print-directory .big-download
	@$(call install,$(BIN)/python,$(WITH) -e ".[classroom]")
	@touch "$@" "$(VENV)/.installed"

$(VENV)/.installed-hub: pyproject.toml | $(VENV)/pyvenv.cfg
	@$(MAKE) --no-print-directory .big-download
	@$(call install,$(BIN)/python,$(WITH) -e ".[hub]")
	@touch "$@" "$(VENV)/.installed"

$(VENV)/.installed-test: pyproject.toml | $(VENV)/pyvenv.cfg
	@$(MAKE) --no-print-directory .big-download
	@$(call install,$(BIN)/python,$(WITH) -e ".[test]")
	@touch "$@" "$(VENV)/.installed"

$(FLOOR)/.installed-test: pyproject.toml | $(FLOOR)/pyvenv.cfg
	@$(call install,$(FLOOR)/bin/python,"torch==2.11.*" "torchvision==0.26.*" -e ".[test]")
	@touch "$@"

$(PEERS)/.installed: pyproject.toml tests/bench/peers/requirements.txt | $(PEERS)/pyvenv.cfg
	@$(call install,$(PEERS)/bin/python,$(WITH) -e .)
	@$(call install,$(PEERS)/bin/python,--no-deps -r tests/bench/peers/requirements.txt)
	@touch "$@"

$(VENV)/pyvenv.cfg $(FLOOR)/pyvenv.cfg $(PEERS)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed. If you have one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv "$(@D)" || { rm -f "$@"; \
	  echo "python3 cannot make an environment (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }

# Linux without an NVIDIA GPU: it would fetch the GPU build, several GB of it. Say so before it starts.
.PHONY: .big-download
.big-download:
	@if [ "$$(uname -s)" = Linux ] && [ ! -e /proc/driver/nvidia/version ] && [ -z "$(PIP_ARGS)" ] \
	  && ! "$(BIN)/python" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)'; then \
	  echo ""; \
	  echo "  No NVIDIA GPU was found here. The standard PyTorch for Linux is the GPU build: a download of"; \
	  echo "  some GB, 5.4 GB on disk. It works without a GPU. To take the small CPU build instead, press"; \
	  echo "  Ctrl-C and choose one of these (neither was tried on our machines):"; \
	  echo "    make lab PIP_ARGS='--extra-index-url ADDRESS'   ADDRESS: the CPU index that PyTorch's page names"; \
	  echo "    conda env create -f environment.yml"; \
	  echo ""; \
	fi

clean:
	rm -rf "$(VENV)" "$(FLOOR)" "$(PEERS)" .hub
	rm -rf build *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find course_lib tests -type d -name __pycache__ -prune -exec rm -rf {} +
