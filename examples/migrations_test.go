package main

import (
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

// TestGooseRefusesTheName: goose takes an open database; its function that opens
// one knows its own names.
func TestGooseRefusesTheName(t *testing.T) {
	for _, name := range []string{"pooled-pgx", "pooled-mysql"} {
		if _, err := goose.OpenDBWithDriver(name, ""); err == nil || !strings.Contains(err.Error(), name) {
			t.Fatalf("%s: %v: the page says that goose refuses it", name, err)
		}
	}
}
