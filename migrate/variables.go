package migrate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pooledsql/pooled"
)

// What a statement of MySQL leaves in its session for those behind it: the
// values of variables, and the number of the row that it added.

// ofTheMoment finds what another session would not get the same of.
var ofTheMoment = regexp.MustCompile(`(?i)\(|\bCURRENT_|\bLOCALTIME|@@(?:SESSION\.)?(?:IDENTITY|LAST_INSERT_ID)`)

// insertID finds what asks for the number of the row that was added last.
var insertID = regexp.MustCompile(`(?i)\bLAST_INSERT_ID\s*\(|@@(?:SESSION\.)?(?:IDENTITY|LAST_INSERT_ID)`)

// assigns reports whether a statement gives a variable a value that it could not
// be given again.
func assigns(st *pooled.Statement, text string) bool {
	return st.State&pooled.StateUserVar != 0 && (st.Class != pooled.Session || ofTheMoment.MatchString(text))
}

// adds reports whether a statement adds rows.
func adds(st *pooled.Statement) bool { return st.Operation == "INSERT" || st.Operation == "REPLACE" }

// usesVariables reports whether a statement names a variable of the session.
func usesVariables(text string) bool {
	return slices.ContainsFunc(tokens(pooled.MySQL, text), func(token string) bool {
		return strings.HasPrefix(token, "@") && !strings.HasPrefix(token, "@@")
	})
}

// missing returns an error if one of the statements that are left needs what
// the session had from those that are done: assigned is the first of these
// that gave a variable its value, counted from 1, and added says that one of
// them added rows.
func (t *tracked) missing(done, assigned int, added bool) error {
	say := func(statement int, why string) error {
		return undecided(t.s.m, t.s.dir, statement, t.s.m.line(t.s.dir, statement), why)
	}
	for i, text := range t.sc.statements[done:] {
		if assigned > 0 && usesVariables(text) {
			return say(assigned, "it gave a variable its value, which ended with the session")
		}
		if added && insertID.MatchString(text) {
			return say(done+i+1, "it asks for the number of a row that another session added")
		}
		if st := pooled.Classify(pooled.MySQL, text); adds(&st) {
			added = false // the number is this one's from here on
		}
	}
	return nil
}
