// Package browser tests package monitor from outside: its page in a real
// browser, its metrics with Prometheus' own parser. It is a module of its own
// because nobody who uses pooled needs what these tests need.
package browser
