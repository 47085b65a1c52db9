#!/usr/bin/env bash
# Runs the long tests whose names begin with Test and the first argument. They
# read how long each may take from POOLED_TEST_LONG, a duration; without it they
# are short.
source "$(dirname "$0")/lib.sh"

export POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require}
export POOLED_TEST_LONG=$2
exec scripts/each-module.sh go test -race -v -p 1 -count=1 -timeout 0 -run "^Test$1" ./...
