# What CI runs, too. `make help` lists the targets.
.DEFAULT_GOAL := help
TEST_STAGES := test-shared test-replica test-browser test-driver test-stacks test-timed test-alone
.PHONY: help setup setup-test demo test $(TEST_STAGES) lint fmt compose-test publish clean
# Each stage has the machine's processors for itself.
.NOTPARALLEL:

CARGO ?= cargo
BUILDS := $(or $(CARGO_TARGET_DIR),target)
# Arguments for the demo: make demo ARGS=--quick
ARGS ?=
# Tests that run apart from the others: in a browser, or against the wall clock. Like the next ones they are
# found by a part of their names, so no other test may have it in its own: CI counts whether every test ran.
APART := driver:: stacks:: timed:: alone:: browser::
# Tests of target-app that need a replica of PostgreSQL, and the units of the same name.
WITH_REPLICA := replica:: lab::owners:: lifecycle::one_connection::

help: ## Show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## Install what is missing, or name it; does nothing the second time
	@scripts/setup.sh

setup-test: ## The same, and the browser and the terminal that the tests look at
	@scripts/setup.sh test

demo: setup ## The before/after experiment on this machine's own PostgreSQL and Redis
	$(CARGO) build --release --locked -p target-app -p loadgen
	"$(BUILDS)/release/loadgen" demo $(ARGS) || [ $$? -eq 96 ] # INCONCLUSIVE, as with --quick

# The tests bring the programs with them. Built before, they would have fewer features of their dependencies,
# and most of these would be compiled twice; the same is why the documentation is made with examples.
# A stage that fails does not hide what the others find.
test: setup-test ## Every test, on a real PostgreSQL with a replica, PgBouncer and Redis started for it, in a Chromium and in a tmux
	$(CARGO) test --locked --workspace --no-run
	@$(MAKE) --no-print-directory --keep-going $(TEST_STAGES)

TESTED := $(CARGO) test --locked --workspace --no-fail-fast
STACK := "$(BUILDS)/debug/loadgen" stack --services postgres,redis --no-fsync

# Tests wait for services most of the time, so there are two at once for each processor.
test-shared:
	$(STACK) --topology pgbouncer -- scripts/repeat-tests.sh 2 "" "$$((2 * $$(nproc)))" $(TESTED) --lib --bins --tests -- $(addprefix --skip ,$(APART) $(WITH_REPLICA))
test-replica:
	$(STACK) --topology pgbouncer,replica -- scripts/repeat-tests.sh 2 "" "$$((2 * $$(nproc)))" $(TESTED) --lib --test it -- $(WITH_REPLICA)
test-browser:
	scripts/repeat-tests.sh 2 browser:: 2 $(TESTED) --test it --
test-driver:
	scripts/repeat-tests.sh 3 driver:: 3 $(TESTED) --lib --
test-stacks:
	scripts/repeat-tests.sh 3 stacks:: 3 $(TESTED) --test it --
test-timed:
	scripts/repeat-tests.sh 3 timed:: 2 $(TESTED) --test it --
test-alone:
	scripts/repeat-tests.sh 3 alone:: 1 $(TESTED) --test it --

lint: ## Formatting, lints and documentation, as CI wants them
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --lib --examples

fmt: ## Format everything
	$(CARGO) fmt --all

compose-test: ## The same experiment through docker compose, quickly
	scripts/compose-test.sh

publish: ## Measure results/published anew (about three hours on a quiet machine)
	scripts/publish.sh

clean: ## Remove builds and unpublished results
	$(CARGO) clean
	rm -rf results/runs results/latest results/baselines results/catalogue_*
