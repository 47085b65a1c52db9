package testdb

import (
	"os"
	"strings"
)

// cleanEnv is the environment without what servers and clients would take
// settings from: a developer's PGPORT must not lead a test to their server.
func cleanEnv() []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "PG") || strings.HasPrefix(name, "MYSQL_") || strings.HasPrefix(name, "MARIADB_") ||
			strings.HasPrefix(name, "LC_") || name == "LANG" || name == "LANGUAGE" {
			continue
		}
		env = append(env, pair)
	}
	return append(env, "LC_ALL=C")
}
