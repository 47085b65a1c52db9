package mysql

import (
	"testing"

	"github.com/go-sql-driver/mysql"
)

func TestTimeoutOfTheProgramIsFound(t *testing.T) {
	for dsn, want := range map[string]bool{
		"u@tcp(h)/d":                                false,
		"u@tcp(h)/d?innodb_lock_wait_timeout=5":     false,
		"u@tcp(h)/d?max_statement_time=5":           true,
		"u@tcp(h)/d?MAX_EXECUTION_TIME=5000":        true,
		"u@tcp(h)/d?@@session.Max_Statement_Time=5": true,
	} {
		cfg, err := mysql.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if hasOwnTimeout(cfg) != want {
			t.Errorf("%s: want %v", dsn, want)
		}
	}
}
