package migrate

import (
	"regexp"
	"slices"
)

var (
	// From the first quote to the last: what is quoted has quotes in it, too.
	quoted  = regexp.MustCompile(`(?s)['"].*['"]`)
	literal = regexp.MustCompile(`'(?:[^']|'')*'`)
)

// redact writes an error for the history and the log: what servers quote from
// data or from the statement is left out.
func redact(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	state, number := sqlState(err), errorNumber(err)
	switch {
	case state == "" && number == 0:
		// The program's own words, or the network's.
	case state != "" && !slices.Contains([]string{"22", "23", "P0"}, state[:min(2, len(state))]) && state != "42601":
		// Names of tables and columns are in double quotes.
		text = literal.ReplaceAllString(text, "'?'")
	case number == 1051, number == 1054, number == 1060, number == 1061, number == 1091, number == 1146, number == 1050:
		// Names of tables and columns are in single quotes.
	default:
		text = quoted.ReplaceAllString(text, "?")
	}
	return clip(text, 1000)
}
