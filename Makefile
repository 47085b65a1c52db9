# make help lists what there is to do. The work is done by scripts/*.sh, which
# read their settings from the environment, so everything below can be set on the
# command line: make fuzz FUZZTIME=1m

SHELL := /bin/bash
.DEFAULT_GOAL := help

export FUZZTIME   ?= 10m
export BENCHCOUNT ?= 6
export BENCHTIME  ?= 9m
export STRESSTIME ?= 5m
export SOAKTIME   ?= 1h

.PHONY: help
help: ## show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install the servers, the browser and the terminal that the tests start, where they are missing
	@scripts/deps.sh

.PHONY: test
test: deps ## everything that must pass: format, vet, staticcheck, race tests on real servers, the next Go
	@scripts/test.sh

.PHONY: short
short: ## the tests that need no server, quickly
	@scripts/each-module.sh go test -short ./...

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@scripts/lint.sh

.PHONY: vuln
vuln: ## known vulnerabilities in what every module calls; needs vuln.go.dev, or VULNDB=file:///copy
	@scripts/vuln.sh

.PHONY: test-go127
test-go127: deps ## vet and test the root package with the next Go, if it can be had
	@scripts/test-next.sh

.PHONY: suites
suites: deps ## the tests of database/sql, pgx's stdlib and go-sql-driver/mysql over the wrapper
	@scripts/suites.sh

.PHONY: bench
bench: deps ## all benchmarks but the comparison, BENCHCOUNT times (default 6)
	@POOLED_TEST_SERVERS=require scripts/each-module.sh go test -run '^$$' -bench . -skip '^BenchmarkCompare' -benchmem -count $(BENCHCOUNT) -timeout 0 -p 1 ./...

.PHONY: benchmarks
benchmarks: deps ## compare with other wrappers and pgxpool, and write docs/benchmarks.md (BENCHTIME)
	@scripts/benchmarks.sh

.PHONY: measure
measure: deps ## what the pool promises, measured against the bare drivers and its bounds (BENCHCOUNT)
	@scripts/measure.sh

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (default 10m each)
	@scripts/fuzz.sh

.PHONY: stress
stress: deps ## the TestStress... tests at full length under the race detector (STRESSTIME, default 5m each)
	@scripts/long.sh Stress "$(STRESSTIME)"

.PHONY: soak
soak: deps ## the TestSoak... tests, which watch memory and connections over SOAKTIME (default 1h each)
	@scripts/long.sh Soak "$(SOAKTIME)"

.PHONY: demo
demo: ## the demonstration; on your own server with DSN=postgres://...
	@cd cmd/pooled && go run . demo $${DSN:+-dsn "$$DSN"}

.PHONY: oracle
oracle: ## compare the classifier with the servers' own parsers; needs cgo; CORPUS=directory adds labelled statements
	@scripts/oracle.sh

.PHONY: clean
clean: ## remove build results, test caches and the templates of the test servers
	rm -rf bin .cache
	find . -name '*.test' -o -name '*.prof' | xargs -r rm -f
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/pooled-testdb"
	go clean -testcache
