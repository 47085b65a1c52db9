#!/usr/bin/env bash
# Measures what the pool promises against the bare driver, in the same run and
# without the race detector, and prints one table of figures and bounds. It
# fails when a bound does not hold. A machine that does other things at the same
# time measures those.
source "$(dirname "$0")/lib.sh"

export POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require} POOLED_TEST_MEASURE=1
benchstat=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

say "bare driver and pool by turns"
go test -c -o "$dir/test" .
"$dir/test" -test.v -test.run '^(TestQueueIsFairerThanSQLDB|TestBurstNeedsFewDials|TestPlainOpenDialsNoMoreThanMaxConns|TestOverhead|TestServerLookups|TestServerBatchSpeed|TestServerBulkInsert|TestServerBulkInsertOverADelay|TestServerBulkInsertOnADisk|TestServerTwoHundredQueriesAtOnce|TestServerAutomaticSizeIsNearTheBest|TestAdvisedSizesServeTheLoad)$' >"$dir/tests" || status=1
go -C bench test -c -o "$dir/bench-test" .
(cd bench && "$dir/bench-test" -test.v -test.run '^(TestOverheadOfMeasuring|TestLeastOverhead|TestOnServers)$') >>"$dir/tests" || status=1
# Migrations take turns with plain goose, on real servers, too.
go test -count=1 -v -run '^TestThousandMigrations' ./migrate >>"$dir/tests" || status=1
grep -E '^ *(---|===|.*_test\.go:)' "$dir/tests" | grep -v MEASURED || true

say "faults"
faults=TestStressImpatientCallersNeverExceedTheLimit
faults+='|TestAServerThatIsAwayIsNotStormed|TestReadsGoToTheFallbackWhileTheBreakerIsOpen'
faults+='|TestNobodyIsHeldPastItsDeadlineByAServerThatSaysNothing|TestCallersWithoutADeadlineEndWithAcquireTimeout|TestASilentServerHoldsUpNeitherCloseNorShutdown'
faults+='|TestDemotionLeavesNoWriterBehind|TestPromotionIsSeenByNobodyWhoReads|TestPgxFindsThePrimaryAmongSeveralHosts|TestMySQLFindsThePrimaryAmongSeveralHosts'
POOLED_TEST_LONG=10s "$dir/test" -test.v -test.run "^($faults)\$" >"$dir/faults" 2>&1 || status=1
grep -E '^ *(---|.*_test\.go:)' "$dir/faults" | grep -v -e MEASURED -e log.go || true

# Round after round, bare and pooled next to each other, so that what else the
# machine does falls on both.
say "benchmarks, ${BENCHCOUNT:-6} rounds"
for _ in $(seq "${BENCHCOUNT:-6}"); do
	"$dir/test" -test.run '^$' -test.bench '^Benchmark(Overhead|Postgres|MariaDB)$' -test.benchmem -test.benchtime 0.5s >>"$dir/bench" || status=1
done
say "classification, ${BENCHCOUNT:-6} rounds"
# In rounds so short that some have the machine to themselves.
"$dir/test" -test.run '^$' -test.bench '^Benchmark(ClassifyQuick|ClassifyFull|StatementCacheHit)' -test.benchmem -test.benchtime 5000x -test.count $((30 * ${BENCHCOUNT:-6})) >"$dir/classify" || status=1

go run "$benchstat" -col /db "$dir/bench" || true # only to look at: it may not be to be had

# alone is the best round of a benchmark that has nothing beside it: the rest had
# company on the machine.
alone() {
	awk -v name="Benchmark$1" -v unit="$2" -v bound="$3" -v what="$4" '
		$1 == name || index($1, name "-") == 1 {
			for (i = 3; i < NF; i += 2) if ($(i+1) == unit && (!n++ || $i < best)) best = $i
		}
		END {
			if (!n) { printf "%s|none|<= %s|MISSED\n", what, bound; exit }
			printf "%s|%.3g|<= %s|%s\n", what, best, bound, best <= bound ? "ok" : "MISSED"
		}' "$dir/classify"
}

{
	# A comparison may take several rounds; its last one counts.
	sed -n 's/.*MEASURED|//p' "$dir/tests" "$dir/faults" | awk -F'|' '!($1 in last) { order[++n] = $1 } { last[$1] = $0 } END { for (i = 1; i <= n; i++) print last[order[i]] }'
	alone ClassifyQuick ns/op 300 "class and safety of a text of 85 bytes: ns"
	alone ClassifyQuick allocs/op 0 "class and safety of a text of 85 bytes: allocations"
	alone ClassifyFull ns/op 1200 "full Statement of a text of 85 bytes: ns"
	alone StatementCacheHit ns/op 40 "Statement from the cache: ns"
	alone StatementCacheHit allocs/op 0 "Statement from the cache: allocations"
	alone StatementCacheHitParallel ns/op 40 "Statement from the cache, on all cores: ns"
} >"$dir/table"

say "against the bounds ($(go env GOOS)/$(go env GOARCH), $(go env GOVERSION), $(getconf _NPROCESSORS_ONLN) cores)"
{ echo "what|measured|bound|"; cat "$dir/table"; } | awk -F'|' '
	{ for (i = 1; i <= 4; i++) { cell[NR,i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
	END { for (r = 1; r <= NR; r++) printf "%-*s  %*s  %-*s  %s\n", width[1], cell[r,1], width[2], cell[r,2], width[3], cell[r,3], cell[r,4] }'
if grep -q 'MISSED$' "$dir/table"; then
	status=1
fi
exit $status
