#!/usr/bin/env bash
# Compares pooled with the bare drivers, other wrappers and pgxpool, and writes
# docs/benchmarks.md. Round after round everybody takes turns, so that what else
# the machine does falls on all alike, until BENCHTIME is over. A machine that
# does nothing else gives the best figures.
source "$(dirname "$0")/lib.sh"

limit=${BENCHTIME:-9m}
case $limit in
*m) limit=$((${limit%m} * 60)) ;;
*s) limit=${limit%s} ;;
*) echo "BENCHTIME is $limit; allowed is a number of minutes or seconds, such as 9m or 300s" >&2 && exit 2 ;;
esac
export POOLED_TEST_SERVERS=${POOLED_TEST_SERVERS:-require}
cores=$(getconf _NPROCESSORS_ONLN)
samples=$PWD/.cache/benchmarks.txt
binary=$PWD/.cache/bench.test
mkdir -p .cache

# Before the build, which is load itself.
load=$(uptime | sed 's/.*load average[s]*: *//; s/[, ].*//')

say "build"
go test -C bench -tags heavy -c -o "$binary" .

# measure runs benchmarks, each for that long, with more flags.
measure() {
	(cd bench && "$binary" -test.run '^$' -test.bench "^BenchmarkCompare($1)\$" -test.benchtime "$2" "${@:3}")
}

cat >"$samples" <<END
date: $(date -u +%Y-%m-%d)
go: $(go env GOVERSION)
cores: $cores
load: $load
END
start=$SECONDS round=0
# Six rounds at least: with fewer nobody knows how sure the figures are.
while ((round < 6 || (SECONDS - start) * (round + 1) / round < limit)); do
	round=$((round + 1))
	say "round $round, $((SECONDS - start)) s of $limit s"
	{
		echo "round: $round"
		measure 'Noop|NoopSampled' 20ms -test.cpu "$(((cores > 1)) && echo "1,$cores" || echo 1)"
		measure 'PostgreSQL|MariaDB' 25ms
		measure Queue 500ms
	} >>"$samples" || { tail "$samples" >&2 && exit 1; }
done
say "$round rounds in $((SECONDS - start)) s; all samples are in .cache/benchmarks.txt"

sed -i "1i rounds: $round" "$samples"
cd bench
go run ./report -raw "$samples"
say "docs/benchmarks.md is written"
