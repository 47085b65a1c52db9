// Package bench compares pooled with what else there is, in one run and by
// turns, so that whatever else the machine does falls on all alike.
//
//	go test -v -run Overhead .
//	go test -run '^$' -bench . -benchmem -count 10 .
package bench
