#!/usr/bin/env bash
# Everything that must pass before a change goes in. It goes on after a failure,
# so that one run shows all there is to repair, and ends with a summary.
source "$(dirname "$0")/lib.sh"

export POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require}
summary=()
status=0

step() { # name, command...
	local name=$1 start=$SECONDS
	shift
	say "$name"
	if "$@"; then
		summary+=("ok    $name ($((SECONDS - start)) s)")
	else
		summary+=("FAIL  $name ($((SECONDS - start)) s)")
		status=1
	fi
}

in_module() { # module, command...
	(cd "$1" && shift && "$@")
}

# The root package mostly waits, for its servers and for the times that it
# injects: its tests of endurance run beside the others, and the other packages
# behind them.
test_root_module() {
	local log rest result=0
	log=$(mktemp)
	go test -race -count=1 -timeout 14m -skip '^TestStress' . >"$log" 2>&1 &
	rest=$!
	go test -race -count=1 -timeout 14m -run '^TestStress' . || result=1
	go test -race -count=1 -p 1 -timeout 10m $(go list ./... | grep -vx "$(go list .)") || result=1
	wait $rest || result=1
	cat "$log"
	rm "$log"
	return $result
}

step "lint" scripts/lint.sh
for module in $(modules); do
	# What the tests are made of is built before, on all cores.
	step "$module: build" in_module "$module" go build -race -buildvcs=false ./...
	if [[ $module == . ]]; then
		step "$module: go test -race" test_root_module
	else
		step "$module: go test -race" in_module "$module" go test -race -count=1 -p 2 -timeout 10m ./...
	fi
done
step "the root package with ${NEXT_GO:-go1.27.0}" scripts/test-next.sh

say "summary"
printf '%s\n' "${summary[@]}"
if [[ $status -eq 0 ]]; then
	echo "All is well ($SECONDS s)."
else
	echo "Something failed ($SECONDS s)."
fi
exit $status
