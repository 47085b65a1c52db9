package pgx

import (
	"database/sql/driver"
	"testing"
)

func TestAReadOnlyConnectionStringIsFound(t *testing.T) {
	plainEnv(t)
	for dsn, want := range map[string]bool{
		"postgres://u@h/d": false,
		"postgres://u@h/d?default_transaction_read_only=off":                                     false,
		"postgres://u@h/d?default_transaction_read_only=on":                                      true,
		"postgres://u@h/d?Default_Transaction_Read_Only=T":                                       true,
		"host=h options='-c default_transaction_read_only=yes'":                                  true,
		"host=h options='--default-transaction-read-only=1'":                                     true,
		"host=h options='-c default_transaction_read_only=on -c work_mem=1MB'":                   true,
		"host=h options='-cdefault_transaction_read_only=on -c default_transaction_read_only=0'": false,
		"host=h target_session_attrs=read-write":                                                 false,
		"host=h target_session_attrs=primary":                                                    false,
		"host=h target_session_attrs=read-only":                                                  true,
		"host=h target_session_attrs=standby":                                                    true,
		"host=h target_session_attrs=prefer-standby":                                             true,
		"registeredConnConfig0":                                                                  false,
	} {
		c, err := Driver().(driver.DriverContext).OpenConnector(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.(connector).WantsReadOnly(); got != want {
			t.Errorf("%s: %t", dsn, got)
		}
	}
}
