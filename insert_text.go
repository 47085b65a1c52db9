package pooled

import (
	"strconv"
	"strings"
)

// insertText is INSERT INTO table (columns) VALUES (values), taken apart.
type insertText struct {
	head          string // up to and with VALUES
	tuple         string // the values in their parentheses
	schema, table string
	params        int
	between       []string // tuple without its placeholders, if these are numbered
}

// parseInsert takes an INSERT of one row apart, if that is all it is: values
// that do not depend on other rows (placeholders and literals) and nothing
// that a second row would give another meaning. What it is not sure of it
// leaves alone.
func parseInsert(f Flavor, query string) (t insertText, ok bool) {
	s := scanner{src: query, flavor: f, tables: tablesOf(f)}
	text := func() string { return query[s.start:s.end] }
	s.next()
	if s.id != kwInsert {
		return t, false
	}
	if s.next(); s.id != kwInto {
		return t, false
	}
	for range 2 { // the table, perhaps with its schema
		if s.next(); s.kind != tokenWord && s.kind != tokenQuoted || s.id == kwValues {
			return t, false
		}
		t.schema, t.table = t.table, unquoted(text())
		if f == Postgres && s.kind == tokenWord {
			t.table = lowerASCII(t.table)
		}
		if s.next(); s.kind != tokenDot {
			break
		}
	}
	if s.kind == tokenOpen { // the columns
		for s.next(); s.kind != tokenClose; s.next() {
			if s.kind != tokenWord && s.kind != tokenQuoted && s.kind != tokenComma {
				return t, false
			}
		}
		s.next()
	}
	if s.kind != tokenWord || s.id != kwValues {
		return t, false
	}
	t.head = query[:s.end]
	if s.next(); s.kind != tokenOpen {
		return t, false
	}
	from, values := s.start, s.start
	for s.next(); s.kind != tokenClose; s.next() {
		switch s.kind {
		case tokenParam:
			t.params++
			if f == Postgres {
				if text() != "$"+strconv.Itoa(t.params) {
					return t, false
				}
				t.between = append(t.between, query[from:s.start])
				from = s.end
			}
		case tokenNumber, tokenString, tokenComma:
		case tokenWord:
			if !plainWord(text()) {
				return t, false
			}
		case tokenOperator:
			if text() != "-" {
				return t, false
			}
		default:
			return t, false
		}
	}
	t.tuple = query[values:s.end]
	if t.between != nil {
		t.between = append(t.between, query[from:s.end])
	}
	if s.next(); s.kind == tokenSemicolon {
		s.next()
	}
	return t, s.kind == tokenEnd && !s.broken && s.differs == 0 && !s.sawComment
}

// ofRows is the text for n rows. Placeholders that have numbers go on from row
// to row.
func (t *insertText) ofRows(n int) string {
	var b strings.Builder
	b.Grow(len(t.head) + n*(len(t.tuple)+1+4*len(t.between)))
	b.WriteString(t.head)
	for row := range n {
		if row > 0 {
			b.WriteByte(',')
		}
		if t.between == nil {
			b.WriteString(t.tuple)
		}
		for k, part := range t.between {
			if k > 0 {
				b.WriteByte('$')
				b.WriteString(strconv.Itoa(row*t.params + k))
			}
			b.WriteString(part)
		}
	}
	return b.String()
}

// plainWord tells of a word whether it is a value that every row may have.
func plainWord(w string) bool {
	switch strings.ToUpper(w) {
	case "NULL", "TRUE", "FALSE", "DEFAULT":
		return true
	}
	return false
}

// unquoted returns a name without its quotes.
func unquoted(name string) string {
	if len(name) > 1 && (name[0] == '`' || name[0] == '"') {
		q := name[0]
		out := make([]byte, 0, len(name))
		for i := 1; i < len(name)-1; i++ {
			if out = append(out, name[i]); name[i] == q {
				i++ // doubled
			}
		}
		return string(out)
	}
	return name
}
