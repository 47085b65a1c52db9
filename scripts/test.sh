#!/usr/bin/env bash
# Everything that must pass before a change goes in. It goes on after a failure,
# so that one run shows all there is to repair, and ends with a summary.
source "$(dirname "$0")/lib.sh"

export POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require}
summary=()
status=0

step() { # name, command...
	local name=$1 start=$SECONDS result=0 log out tee
	shift
	say "$name"
	log=$(mktemp)
	exec {out}> >(tee "$log")
	tee=$!
	"$@" >&"$out" 2>&1 || result=1
	exec {out}>&-
	wait $tee
	if [[ $result -eq 0 ]]; then
		summary+=("ok    $name ($((SECONDS - start)) s)")
	else
		summary+=("FAIL  $name ($((SECONDS - start)) s)" "$(why "$log")")
		status=1
	fi
	rm "$log"
}

# why picks from the output of a failed step what names the tests and the
# places, for whoever sees no more than the summary.
why() { # log
	grep -E '^ *--- FAIL|^panic: |running tests:|^\s+Test\S+ \([0-9.hms]+\)$|DATA RACE|^\s+\S+_test\.go:[0-9]+: |\.go:[0-9]+:[0-9]+: |^FAIL\s' "$1" |
		cut -c1-300 | head -n 40 | sed 's/^/      /' || true
}

in_module() { # module, command...
	(cd "$1" && shift && "$@")
}

finish() { # job, its output
	local result=0
	wait "$1" || result=1
	cat "$2"
	rm "$2"
	return $result
}

step "lint" scripts/lint.sh
for module in $(modules); do
	# What the tests are made of is built before, on all cores.
	step "$module: build" in_module "$module" go build -race -buildvcs=false ./...
done
# The root package mostly waits, for its servers and for the times that it
# injects. So everything else is tested beside it, one package after the other,
# its own tests of endurance among them.
test=(go test -race -count=1 -timeout 14m)
log=$(mktemp)
"${test[@]}" -skip '^TestStress' . >"$log" 2>&1 &
rest=$!
step "the root package: endurance" "${test[@]}" -run '^TestStress' .
step ".: other packages" "${test[@]}" -p 1 $(go list ./... | grep -vx "$(go list .)")
for module in $(modules | grep -vx .); do
	step "$module" in_module "$module" "${test[@]}" -p 1 ./...
done
step "the root package: the rest" finish $rest "$log"
step "the root package with $NEXT_GO" scripts/test-next.sh

say "summary"
printf '%s\n' "${summary[@]}"
if [[ $status -eq 0 ]]; then
	echo "All is well ($SECONDS s)."
else
	echo "Something failed ($SECONDS s)."
fi
exit $status
