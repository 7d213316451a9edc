# Every command sets up what it needs first, and says what it installs.

SHELL := /bin/bash
# Rust is found where rustup puts it, also by a shell that has not read its profile since.
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench check web

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing from the distribution
	@scripts/setup

demo: setup ## Watch orders fail over between simulated panels (ARGS="--exit-after 30" ends it)
	@exec cargo run -- demo $(ARGS)

test: setup ## Run all tests on a real PostgreSQL (ARGS="name" selects some)
	@scripts/test $(ARGS)

bench: setup ## Measure the speed beside peers, as tables (ARGS="commands page" selects, ARGS="--full" takes longer)
	@exec cargo bench --bench speed -- $(ARGS)

check: setup ## Check format, lints, documentation, licences and sources
	@scripts/check

web: ## Build what is served under /graphiql anew (needs Node 20.19 or newer)
	@cd web && npm ci --no-audit --no-fund && npm run build
