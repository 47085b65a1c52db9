package doctor

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
)

// grants are the lines of SHOW GRANTS, of which nothing is ever shown: older
// MariaDB puts the hash of the password into them. nil: not told.
type grants []grant

type grant struct {
	privileges []string // in upper case
	database   string   // as a pattern of LIKE; "": all
}

var grantLine = regexp.MustCompile("(?i)^GRANT (.+?) ON (\\*|`(?:[^`]|``)*`|[^.]+)\\.\\* TO ")

func readGrants(ctx context.Context, e *examination) grants {
	list := grants{}
	err := e.ask(ctx, "SHOW GRANTS", func(rows *sql.Rows) error {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if g, ok := parseGrant(line); ok {
			list = append(list, g)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return list
}

// parseGrant reads a line about all databases or one. Others are about roles,
// tables and routines.
func parseGrant(line string) (grant, bool) {
	m := grantLine.FindStringSubmatch(line)
	if m == nil {
		return grant{}, false
	}
	var g grant
	for p := range strings.SplitSeq(m[1], ",") {
		g.privileges = append(g.privileges, strings.ToUpper(strings.TrimSpace(p)))
	}
	if m[2] != "*" {
		g.database = strings.ReplaceAll(strings.Trim(m[2], "`"), "``", "`")
	}
	return g, true
}

// has tells whether one of the privileges is granted on the database, or on
// everything where that is "".
func (list grants) has(database string, privileges ...string) bool {
	return slices.ContainsFunc(list, func(g grant) bool {
		if g.database != "" && (database == "" || !like(database, g.database)) {
			return false
		}
		return slices.ContainsFunc(append(privileges, "ALL PRIVILEGES", "ALL"), func(p string) bool { return slices.Contains(g.privileges, p) })
	})
}

// like matches as LIKE does: _ is any character, % any text, and a backslash
// takes them as they are.
func like(text, pattern string) bool {
	var b strings.Builder
	b.WriteString("(?s)^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case c == '_':
			b.WriteString(".")
		case c == '%':
			b.WriteString(".*")
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	ok, _ := regexp.MatchString(b.String()+"$", text)
	return ok
}
