#!/usr/bin/env bash
# Vets and tests the root package with the next Go, whose database/sql may ask
# drivers for more: all that needs no server, and the likeness to the base
# drivers on real ones. Without a network, and without that Go, there is nothing
# to test, and it says so.
source "$(dirname "$0")/lib.sh"

export GOTOOLCHAIN=$NEXT_GO
if ! version=$(go version 2>&1); then
	echo "NOT TESTED with $GOTOOLCHAIN: it cannot be had here: ${version##*$'\n'}"
	exit 0
fi
echo "$version"
# What they endure does not depend on the next Go.
go vet . && POOLED_TEST_SERVERS=off go test -short -count=1 -skip '^TestStress' . &&
	POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require} go test -count=1 -timeout 5m -run '^TestTheWrapperIsLike' .
