// Package placeholder lets one text of the examples run on both servers. A
// program for one of them has no need of it.
package placeholder

import (
	"regexp"
	"strings"
)

var numbered = regexp.MustCompile(`\$[0-9]+`)

// For returns a query that is written for PostgreSQL ($1, $2) in the form that
// the driver's server knows.
func For(driver, query string) string {
	if strings.HasSuffix(driver, "pgx") {
		return query
	}
	return numbered.ReplaceAllString(query, "?")
}
