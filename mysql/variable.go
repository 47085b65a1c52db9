package mysql

import (
	"strings"

	"github.com/go-sql-driver/mysql"
)

// variable returns what the DSN sets a variable of the session to; "" is nothing.
// To the server the case of a name means nothing, and it may be written as
// @@session.name.
func variable(cfg *mysql.Config, name string) string {
	for param, value := range cfg.Params {
		param = strings.ToLower(param)
		if param == name || strings.HasSuffix(param, "."+name) || param == "@@"+name {
			return value
		}
	}
	return ""
}

// wantsReadOnly tells whether the DSN asks for sessions that take no writes:
// under the variable's old name, which MariaDB kept for long, or its new one.
func wantsReadOnly(cfg *mysql.Config) bool {
	for _, name := range []string{"transaction_read_only", "tx_read_only"} {
		switch strings.ToLower(strings.Trim(variable(cfg, name), "'\"")) {
		case "1", "on", "true":
			return true
		}
	}
	return false
}
