#!/usr/bin/env bash
# Measures what the pool promises against the bare driver, in the same run and
# without the race detector, and prints one table of figures and bounds. It
# fails when a bound does not hold. A machine that does other things at the same
# time measures those.
source "$(dirname "$0")/lib.sh"

export POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require}
benchstat=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

say "callers, bursts and dials"
go test -c -o "$dir/test" .
"$dir/test" -test.v -test.run '^(TestQueueIsFairerThanSQLDB|TestBurstNeedsFewDials|TestPlainOpenDialsNoMoreThanMaxConns)$' >"$dir/tests" || status=1
# Migrations take turns with plain goose, on real servers, too.
POOLED_TEST_MEASURE=1 go test -count=1 -v -run '^TestThousandMigrations' ./migrate >>"$dir/tests" || status=1
grep -E '^ *(---|===|.*_test\.go:)' "$dir/tests" | grep -v MEASURED || true

# Round after round, bare and pooled next to each other, so that what else the
# machine does falls on both.
say "benchmarks, ${BENCHCOUNT:-6} rounds"
for _ in $(seq "${BENCHCOUNT:-6}"); do
	"$dir/test" -test.run '^$' -test.bench '^Benchmark(Overhead|Postgres|MariaDB)$' -test.benchmem -test.benchtime 0.5s >>"$dir/bench" || status=1
done
go run "$benchstat" -col /db "$dir/bench" || true # only to look at: it may not be to be had

# bench compares bare and pooled: the benchmark, its unit, how, the relation and
# the bound, and a name for it. "diff" is the median over the rounds of what is
# added; "best" is the best round of the bare driver by the best of the pool.
bench() {
	awk -v name="Benchmark$1" -v unit="$2" -v how="$3" -v relation="$4" -v bound="$5" -v what="$6" '
		function sort(v, n,   i, j, t) {
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && v[j-1] > v[j]; j--) { t = v[j]; v[j] = v[j-1]; v[j-1] = t }
		}
		index($1, name "/db=") == 1 {
			for (i = 3; i < NF; i += 2) if ($(i+1) == unit) {
				if ($1 ~ /db=bare/) bare[++b] = $i; else pooled[++p] = $i
			}
		}
		END {
			if (!b || b != p) { printf "%s|none|%s %s|MISSED\n", what, relation, bound; exit }
			for (i = 1; i <= b; i++) added[i] = pooled[i] - bare[i]
			sort(added, b); sort(bare, b); sort(pooled, b)
			if (how == "diff") got = b % 2 ? added[(b+1)/2] : (added[b/2] + added[b/2+1]) / 2
			else got = bare[1] / pooled[1]
			ok = relation == "<=" ? got <= bound : got >= bound
			printf "%s|%.3g|%s %s|%s\n", what, got, relation, bound, ok ? "ok" : "MISSED"
		}' "$dir/bench"
}

{
	# A comparison may take several rounds; its last one counts.
	sed -n 's/.*MEASURED|//p' "$dir/tests" | awk -F'|' '!($1 in last) { order[++n] = $1 } { last[$1] = $0 } END { for (i = 1; i <= n; i++) print last[order[i]] }'
	for op in query exec query-parallel exec-parallel; do
		bench "Overhead/$op" cpu-ns/op diff '<=' 200 "$op on a driver that does nothing: ns of CPU added"
		bench "Overhead/$op" allocs/op diff '<=' 0 "$op on a driver that does nothing: allocations added"
	done
	bench Postgres ns/op best '>=' 0.98 "PostgreSQL, by primary key: throughput, of the bare driver's"
	bench MariaDB ns/op best '>=' 1.5 "MariaDB, with an argument: throughput, of the bare driver's"
} >"$dir/table"

say "against the bounds ($(go env GOOS)/$(go env GOARCH), $(go env GOVERSION), $(getconf _NPROCESSORS_ONLN) cores)"
{ echo "what|measured|bound|"; cat "$dir/table"; } | awk -F'|' '
	{ for (i = 1; i <= 4; i++) { cell[NR,i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
	END { for (r = 1; r <= NR; r++) printf "%-*s  %*s  %-*s  %s\n", width[1], cell[r,1], width[2], cell[r,2], width[3], cell[r,3], cell[r,4] }'
if grep -q 'MISSED$' "$dir/table"; then
	status=1
fi
exit $status
