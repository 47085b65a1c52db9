#!/usr/bin/env bash
# Runs other people's test suites over the wrapper: those of database/sql, of
# pgx's stdlib and of go-sql-driver/mysql. internal/suites says how.
source "$(dirname "$0")/lib.sh"

export POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require}
export POOLED_TEST_SUITES=all
go test -count=1 -v -timeout 20m ./internal/suites
