# Every target sets up what it needs, once: see tools/bootstrap. STACK=name means another stack than dev.
STACK ?= dev
BOOTSTRAP = tools/bootstrap/run --stack '$(STACK)'
DEVELOPMENT = tools/bootstrap/run --development --stack '$(STACK)'
# For the program of one target: not for the targets that a test, or another program, runs.
ARGS =
unexport ARGS
TESTS ?= tests/unit tests/schema/engine/test_plans.py
# A third of the tests' time is waiting: three processes fill two cores, each with servers and stacks of its own.
PROCESSES ?= 3
SPREAD = -n $(PROCESSES) --dist loadgroup --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help up preview preflight refresh status url backup restore prune schedule recover destroy shell test test-full check lint docs demo bench-preview bench-schema bench-backup bench-ecosystem

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "  Each takes STACK=name (default: dev), and ARGS='...' where it runs a program with options of its own."

up: ## everything: Python packages, Pulumi, then the whole stack
	@$(BOOTSTRAP) up

preview: ## what `make up` would change, row by row (ARGS=--diff: in detail)
	@$(BOOTSTRAP) preview $(ARGS)

preflight: ## check a database and a store that are there already for what the stack needs; leaves nothing
	@$(BOOTSTRAP) run python -m infra.preflight

refresh: ## find what changed behind the stack's back, and note it in the state
	@$(BOOTSTRAP) refresh $(ARGS)

status: ## what lives in the database now, and the last backup
	@$(BOOTSTRAP) run python -m infra.status $(ARGS)

url: ## the connection string, and nothing else
	@$(BOOTSTRAP) output url

demo: ## a swarm of agents on the stack's database, live: one is killed, all upgrade (ARGS='--topics 12')
	@DATABASE_URL=$$($(BOOTSTRAP) output url) && schema=$$($(BOOTSTRAP) output schema) && export DATABASE_URL && \
		PGOPTIONS="-c search_path=$$schema,extensions" $(BOOTSTRAP) run python -m examples.swarm $(ARGS)

backup: ## take a backup now
	@$(BOOTSTRAP) run python -m infra.job_command run $(ARGS)

restore: ## restore the latest backup, into a new database unless ARGS say otherwise
	@$(BOOTSTRAP) restore python -m infra.job_command restore $(ARGS)

prune: ## delete the backups that the retention does not keep (ARGS=--dry-run: only tell)
	@$(BOOTSTRAP) prune python -m infra.job_command prune $(ARGS)

schedule: ## take the backups on schedule and keep the database's maintenance, until stopped (backupRunner: elsewhere)
	@$(BOOTSTRAP) run python -m infra.job_command schedule

recover: ## make the state anew from what runs (it, or its passphrase, is lost: docs/operations.md)
	@$(BOOTSTRAP) recover $(ARGS)

destroy: ## take the stack away with its data (asks once; YES=1 says yes)
	@$(BOOTSTRAP) destroy $(if $(filter 1 y yes true,$(YES)),--yes)

shell: ## a shell in which plain `pulumi` works
	@$(BOOTSTRAP) shell

test: ## what proves it, but what takes minutes each (ARGS='-k word': a part)
	@$(BOOTSTRAP) run python -m pytest $(SPREAD) $(ARGS)

test-full: ## the same with long repetitions, and the tests that take minutes
	@AGENT_ECOSYSTEM_FULL=1 $(BOOTSTRAP) run python -m pytest $(SPREAD) $(ARGS)

check: lint ## the developer's loop: lint and the quick tests, in seconds (TESTS=tests/backup: another part)
	@$(DEVELOPMENT) run python -m pytest -q $(SPREAD) $(TESTS) $(ARGS)

bench-preview: ## time a no-op preview beside that of an empty program (ROUNDS=n)
	@$(BOOTSTRAP) run python tests/bench/noop_preview.py

bench-schema: ## time the schema engine on 7 to 1,000 tables, beside psql and its peers (SIZES='7 100', ROUNDS=n)
	@$(BOOTSTRAP) run python tests/bench/schema_engine.py

bench-backup: ## time a backup and its restore of 1 and 5 GB, beside what is done by hand (SIZES='1 5', ROUNDS=n)
	@$(BOOTSTRAP) run python tests/bench/backup.py

bench-ecosystem: ## time queue, heartbeats and logs beside other queues, and search (TASKS=n, SIZES='10000 100000', ROUNDS=n, AGENTS=n, PARTS=search, KINDS=real)
	@$(BOOTSTRAP) run python tests/bench/ecosystem.py

docs: ## write docs/database.* anew, from the catalog of a database with sql/schema, and the pictures of docs/benchmarks.md
	@AGENT_ECOSYSTEM_WRITE_DOCS=1 $(BOOTSTRAP) run python -m pytest -q tests/schema/ecosystem/test_database_docs.py tests/unit/test_benchmark_plots.py $(ARGS)

lint: ## style, types, SQL
	@$(DEVELOPMENT) tool ruff check .
	@$(DEVELOPMENT) tool ruff format --check .
	@$(DEVELOPMENT) tool mypy
	@$(DEVELOPMENT) tool sqlfluff lint sql
