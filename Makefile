# Everything from a fresh clone. Needs python >= 3.11, make and git; the rest is installed into .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help leaderboard test bench check clean pictures
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c

VENV := .venv
BIN := $(VENV)/bin
SUITE ?= quick
AGENTS ?= all
RUNS ?= runs
PAGE ?= leaderboard
PIP_ARGS ?=
TEST_WORKERS ?= 2
# Physics threads belong to the worlds, not to linear algebra.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What each target needs beyond the core.
RUN_EXTRAS := train,video
TEST_EXTRAS := test,train,video,rays,objects
BENCH_EXTRAS := test,train,video,rays,rl
LINT_EXTRAS := test,lint

help: ## Say what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
	@echo "  Settings: make leaderboard SUITE=core AGENTS=scripted,flow"

leaderboard: $(VENV)/.has-run pictures ## Install, evaluate every agent on the quick suite, write the page
	@echo "Evaluating agents ($(AGENTS)) on suite $(SUITE); stop with Ctrl-C, run again to go on."
	$(BIN)/dexbench eval --agent $(AGENTS) --suite $(SUITE) --out $(RUNS)
	echo "Writing the leaderboard."
	$(BIN)/dexbench leaderboard $(RUNS) --out $(PAGE)

test: $(VENV)/.has-test pictures ## Run all tests
	@echo "Testing with $(TEST_WORKERS) processes."
	$(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist loadfile

bench: $(VENV)/.has-bench pictures ## Measure speed against bare MuJoCo (leave the machine alone meanwhile)
	@echo "Measuring: close other programs, this takes a few minutes."
	$(BIN)/python -m pytest -q -s tests/benchmarks --benchmark-enable --benchmark-columns=min,median,ops

check: $(VENV)/.has-lint ## Lint, format, types and the rules of the house
	@status=0
	echo "Linting."; $(BIN)/ruff check . || status=1
	echo "Formatting."; $(BIN)/ruff format --check . || status=1
	echo "Types."; $(BIN)/mypy || status=1
	echo "Rules of the house."; $(BIN)/python -m pytest -q tests/test_house.py || status=1
	exit $$status

clean: ## Remove the virtual environment and caches; runs and the page stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .benchmarks
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# --- What the targets stand on -------------------------------------------------------------------------------------

# may_install PACKAGE...: install Debian packages if this user may; return 1 and say the command otherwise.
define may_install
may_install() {
  local as=""
  if [ "$$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then as="sudo"; else as="no"; fi
  fi
  if [ "$$as" != "no" ] && command -v apt-get >/dev/null; then
    echo "Installing system packages: $$*"
    if $$as apt-get install -y -qq "$$@" >/dev/null 2>&1; then return 0; fi
    if $$as apt-get update -qq >/dev/null 2>&1 && $$as apt-get install -y -qq "$$@" >/dev/null 2>&1; then return 0; fi
  fi
  echo "Not installed: $$*. Install with:  sudo apt-get install -y $$*" >&2
  return 1
}
endef

$(BIN)/python:
	@$(may_install)
	chosen=""
	for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
	  if command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	    chosen=$$name; break
	  fi
	done
	if [ -z "$$chosen" ]; then
	  echo "DexBench needs Python 3.11 or newer. Install with:  sudo apt-get install -y python3 python3-venv" >&2; exit 1
	fi
	if ! $$chosen -c 'import ensurepip, venv' 2>/dev/null; then
	  may_install $$($$chosen -c 'import sys; print("python3.%d-venv" % sys.version_info[1])') || exit 1
	fi
	echo "Making a virtual environment in $(VENV) with $$($$chosen --version)."
	$$chosen -m venv $(VENV)

# install EXTRAS: quietly, with the tested versions. uv is used where it can (it is quicker), else pip.
define install
	@echo "Installing DexBench with: $(1)"
	if command -v uv >/dev/null && [ -z "$(PIP_ARGS)" ] && \
	  uv pip install -q --python $(BIN)/python --torch-backend auto -c constraints.txt -e '.[$(1)]' 2>/dev/null; then
	  :
	else
	  : 'Byte code is made at the first import: compiling all of torch now would take longer than installing it.'
	  $(BIN)/python -m pip install -q --no-compile $(PIP_ARGS) -c constraints.txt -e '.[$(1)]'
	fi
	touch $@
endef

$(VENV)/.has-run: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,$(RUN_EXTRAS))

$(VENV)/.has-test: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,$(TEST_EXTRAS))

$(VENV)/.has-bench: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,$(BENCH_EXTRAS))

$(VENV)/.has-lint: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,$(LINT_EXTRAS))

# Pictures need an OpenGL library of the system; everything else goes on without.
pictures: | $(BIN)/python
	@$(may_install)
	libraries=$$(PATH="$$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
	if ! grep -q 'libEGL\.so\.1' <<<"$$libraries" || ! grep -q 'libEGL_mesa\|libEGL_nvidia' <<<"$$libraries"; then
	  may_install libegl1 libgl1-mesa-dri || echo "Going on without pictures."
	fi
