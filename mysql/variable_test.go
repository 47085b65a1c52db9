package mysql

import (
	"database/sql/driver"
	"testing"
)

func TestAReadOnlyConnectionStringIsFound(t *testing.T) {
	for dsn, want := range map[string]bool{
		"u@tcp(h)/d":                                    false,
		"u@tcp(h)/d?transaction_read_only=0":            false,
		"u@tcp(h)/d?transaction_read_only=1":            true,
		"u@tcp(h)/d?Tx_Read_Only=ON":                    true,
		"u@tcp(h)/d?tx_read_only=%27on%27":              true,
		"u@tcp(h)/d?session.transaction_read_only=true": true,
		"u@tcp(a,b)/d?@@tx_read_only=1":                 true,
		"u@tcp(a,b)/d":                                  false,
	} {
		c, err := Driver().(driver.DriverContext).OpenConnector(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.(interface{ WantsReadOnly() bool }).WantsReadOnly(); got != want {
			t.Errorf("%s: %t", dsn, got)
		}
	}
}
