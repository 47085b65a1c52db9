// Package bench compares pooled with the bare drivers, other wrappers and
// pgxpool, in one run and by turns, so that whatever else the machine does falls
// on all alike. make benchmarks runs it all and writes docs/benchmarks.md.
//
//	go test -v -run "Overhead|OnServers" .
//	go test -run '^$' -bench CompareNoop -cpu 1,2 -benchtime 20ms -count 10 .
//	go test -run '^$' -bench CompareQueue -tags heavy .   # POOLED_TEST_SERVERS=require
//
// The tag heavy adds contenders that take a minute to compile.
package bench
