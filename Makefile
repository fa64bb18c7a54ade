# The one entry point. Needs python3 (3.11 or newer) and make; everything else is set up in .venv.
# A second run is instant; a changed pyproject.toml sets up again. See docs/development.md.

PY := .venv/bin/python
ARGS ?=

# Where a leak could hide, every branch is tested.
EXACT := src/cookiegate/gate/*,src/cookiegate/consent/*,src/cookiegate/middleware.py,src/cookiegate/*responder.py,src/cookiegate/response_headers.py,src/cookiegate/view.py,src/cookiegate/desk.py,src/cookiegate/turns.py

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-guard load fuzz shots clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: ## Serve the demo shop at http://127.0.0.1:8000/ (ARGS="--port 9000")
	@sh scripts/setup.sh demo
	@$(PY) -m cookiegate demo $(ARGS)

test: ## Unit, property and browser tests, with branch coverage
	@sh scripts/setup.sh dev
	@$(PY) scripts/browser.py
	@$(PY) scripts/nginx.py
	$(PY) -m pytest tests -n 2 --dist loadfile --cov --cov-report=
	COOKIEGATE_CHROMIUM="$$(cat .venv/.chromium)" $(PY) -m pytest e2e -n 2 --dist worksteal --cov --cov-append --cov-report=
	$(PY) -m coverage report --precision=2 --fail-under=95
	$(PY) -m coverage report --precision=2 --fail-under=100 --include='$(EXACT)'

check: ## Lint, format, types and import floors, in seconds
	@sh scripts/setup.sh dev
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports

bench: ## Speed of the gate beside its peers (ARGS="--only mixed")
	@sh scripts/setup.sh bench
	@$(PY) benchmarks/bench.py $(ARGS)

bench-guard: ## Cost of the guard in Chromium
	@sh scripts/setup.sh dev
	@$(PY) scripts/browser.py
	@COOKIEGATE_CHROMIUM="$$(cat .venv/.chromium)" $(PY) benchmarks/guard.py $(ARGS)

load: ## Slow readers, and readers who leave, at a real server (ARGS="--leavers 2000")
	@sh scripts/setup.sh dev
	@$(PY) benchmarks/load.py $(ARGS)

fuzz: ## A minute of guided guessing at pages that break a rule (ARGS="-max_total_time=600")
	@sh scripts/setup.sh fuzz
	$(PY) fuzz/fuzz_gate.py -max_total_time=60 -max_len=600 $(ARGS)

shots: ## Pictures of the demo in ./shots
	@sh scripts/setup.sh dev
	@$(PY) scripts/browser.py
	COOKIEGATE_CHROMIUM="$$(cat .venv/.chromium)" $(PY) e2e/shots.py

clean: ## Remove everything that was set up or made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov build dist shots crash-* slow-unit-* timeout-*
	find src tests e2e benchmarks fuzz scripts -name __pycache__ -type d -prune -exec rm -rf {} +
