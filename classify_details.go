package pooled

import (
	"math"
	"slices"
	"strings"
	"sync"
)

// maxTables is how many names of tables one text gives. More are no use to
// anybody, and comparing them all would cost more than linear time.
const maxTables = 64

// details gathers what is wanted for people: digest, tables and summary.
type details struct {
	digest digester

	items []detailItem // verbs and tables in the order of the text
	ctes  []cteItem

	names [maxTables]string // room for fill

	depth  int
	scope  *tableScope // at that depth
	scopes [scopeDepth]tableScope

	ref             detailItem // a name being read
	reading, dotted bool
	target          bool // the last name is written to: a parenthesis behind it holds columns
	mute            bool // in a routine, whose tables are not those of the statement
	shows           bool // SHOW COLUMNS and the like, whose FROM names a table
	verb            bool // the statement's verb was met
}

// detailsPool keeps the room that details need; it is too large to be made, or
// even cleared, for every text.
var detailsPool = sync.Pool{New: func() any { return new(details) }}

// reset makes ready for another text.
func (d *details) reset() {
	d.digest.reset()
	d.items, d.ctes = d.items[:0], d.ctes[:0]
	d.reading, d.dotted = false, false
	d.endStatement(nil)
}

// scopeDepth is how deep tables are looked for.
const scopeDepth = 24

// detailItem is a verb, a table or the name of a CTE.
type detailItem struct {
	start, end int32
	op         keyword // of a verb
	flags      itemFlags
}

// cteItem is the name of a CTE and from where on it hides a table.
type cteItem struct {
	detailItem
	from  int32
	depth int32
}

type itemFlags uint8

const (
	itemQuoted    itemFlags = 1 << iota // has quotes or blanks in it
	itemQualified                       // schema.table
	itemTarget                          // written to, so it is no CTE
)

// tableScope is what is known in one parenthesis.
type tableScope struct {
	query  keyword // SELECT, INSERT, ... whose clauses these are
	from   bool    // in a list of tables: a comma leads to the next
	expect bool    // the next name is a table
	target bool    // and it is written to
	plain  bool    // a parenthesis here holds no tables: USING (a, b)
}

// setDepth finds the scope of a depth. Far down all share one.
func (d *details) setDepth(depth int) {
	d.depth = depth
	d.scope = &d.scopes[min(depth, scopeDepth-1)]
}

// wantsName tells that a table's name comes next.
func (d *details) wantsName(a *analyzer) bool {
	return d.scope.expect || d.dotted && d.reading
}

// passes tells that nothing is to be done after t.
func (d *details) passes(a *analyzer, t *token) bool {
	return t.flags&wordClause == 0 && d.verb && !d.scope.expect && a.alert&alertWords == 0
}

// after is called when the analyzer has looked at t, unless t passes.
func (d *details) after(a *analyzer, t *token) {
	switch t.kind {
	case tokenWord:
		d.onWord(a, t)
	case tokenQuoted, tokenString:
		s := d.scope
		name := t.kind == tokenQuoted || a.src[t.start] == '"' && !a.broken // what is not terminated is no name
		switch {
		case name && s.expect && a.top().with == withNone:
			d.begin(t, s)
		case name && d.describes(a):
			d.verb = true
			d.begin(t, s)
		default:
			s.expect = false
		}
	case tokenOpen:
		d.open(a)
	case tokenClose:
		d.setDepth(max(d.depth-1, 0))
	case tokenComma:
		d.scope.expect = d.scope.from
	case tokenDot, tokenVar, tokenOpenBracket:
	default:
		d.scope.expect = false
	}
}

// begin starts to read a name at t.
func (d *details) begin(t *token, s *tableScope) {
	d.ref = detailItem{start: t.start, end: t.end}
	if t.kind != tokenWord {
		d.ref.flags |= itemQuoted
	}
	if s.target {
		d.ref.flags |= itemTarget
	}
	d.reading, d.dotted = true, false
	s.expect = false
}

// continueName adds t to the name being read, or ends that.
func (d *details) continueName(a *analyzer, t *token) {
	switch {
	case t.kind == tokenDot && !d.dotted:
		d.dotted = true
		if t.start != d.ref.end {
			d.ref.flags |= itemQuoted
		}
		d.ref.end = t.end
		return
	case d.dotted && (t.kind == tokenWord || t.kind == tokenQuoted || t.kind == tokenString && a.src[t.start] == '"' && !a.broken):
		if t.kind != tokenWord || t.start != d.ref.end {
			d.ref.flags |= itemQuoted
		}
		d.ref.flags |= itemQualified
		d.ref.end = t.end
		d.dotted = false
		return
	}
	d.reading = false
	if d.dotted { // a name that ends in a dot: the server refuses it
		d.dotted = false
		return
	}
	if t.kind == tokenOpen && d.ref.flags&itemTarget == 0 {
		return // a function
	}
	if a.flavor == MySQL && d.ref.flags == 0 && equalFold(a.src[d.ref.start:d.ref.end], "dual") {
		return
	}
	d.target = t.kind == tokenOpen && d.ref.flags&itemTarget != 0
	d.add(d.ref)
}

func (d *details) add(i detailItem) {
	if !d.mute && len(d.items) < 4*maxTables {
		d.items = append(d.items, i)
	}
}

// cte notes the name of a CTE, which is no table. In its own body it is one,
// unless the WITH is RECURSIVE.
func (d *details) cte(a *analyzer, t *token) {
	if len(d.ctes) >= maxTables {
		return
	}
	i := cteItem{detailItem: detailItem{start: t.start, end: t.end}, from: math.MaxInt32, depth: int32(a.depth)}
	if t.kind == tokenQuoted {
		i.flags = itemQuoted
	}
	if a.top().flags&frameRecursive != 0 {
		i.from = 0
	}
	d.ctes = append(d.ctes, i)
}

// cteEnd is called when the body of a CTE has ended.
func (d *details) cteEnd(a *analyzer) {
	for i := len(d.ctes) - 1; i >= 0; i-- {
		if c := &d.ctes[i]; c.depth == int32(a.depth) {
			c.from = min(c.from, int32(a.pos))
			return
		}
	}
}

// endStatement makes ready for the next statement of the text.
func (d *details) endStatement(a *analyzer) {
	d.setDepth(0)
	*d.scope = tableScope{}
	d.mute, d.verb, d.target, d.shows = false, false, false, false
}

// maxSummary is what OpenTelemetry allows for db.query.summary.
const maxSummary = 255

// fill writes what was gathered into s. The summary has the verbs and tables in
// the order of the text; a name that does not fit ends it, since half a name
// would be another table's.
func (d *details) fill(s *Statement, query string) {
	d.digest.end()
	buf := d.digest.buf
	n, room := len(buf), maxSummary+1
	s.Fingerprint = fingerprint(buf)
	tables := 0
	names := &d.names
	for i := range d.items {
		it := &d.items[i]
		text := keywordUpper[it.op]
		if it.op == kwNone {
			text = it.name(query)
			if it.flags&(itemQualified|itemTarget) == 0 && d.isCTE(query, text, it.start) {
				continue
			}
			if tables < maxTables && !slices.Contains(names[:tables], text) {
				names[tables] = text
				tables++
			}
		}
		if room -= len(text) + 1; text == "" || room < 0 {
			continue
		}
		if len(buf) > n {
			buf = append(buf, ' ')
		}
		buf = append(buf, text...)
	}
	if tables > 0 {
		s.Tables = make([]string, tables)
		copy(s.Tables, names[:tables])
		clear(names[:tables]) // they would keep the query alive
	}
	d.digest.buf = buf
	// One allocation for both.
	text := string(buf)
	s.Digest, s.Summary = text[:n], text[n:]
}

// isCTE tells whether name is that of a CTE of the text.
func (d *details) isCTE(query, name string, at int32) bool {
	for i := range d.ctes {
		if at >= d.ctes[i].from && equalFold(d.ctes[i].name(query), name) {
			return true
		}
	}
	return false
}

// name is the name as written, without quotes and without the blanks around
// its dots.
func (i *detailItem) name(query string) string {
	text := query[i.start:i.end]
	if i.flags&itemQuoted == 0 {
		return text
	}
	if i.flags&itemQualified == 0 && !strings.ContainsAny(text[1:len(text)-1], "\"`") {
		return text[1 : len(text)-1]
	}
	var b strings.Builder
	for k := 0; k < len(text); k++ {
		switch c := text[k]; c {
		case '"', '`':
			for k++; k < len(text); k++ {
				if text[k] == c {
					if k+1 >= len(text) || text[k+1] != c {
						break
					}
					k++
				}
				b.WriteByte(text[k])
			}
		case ' ', '\t', '\n', '\r', '\f', '\v':
		case '/', '-', '#':
			// A comment between the parts: rare, and the parts are all that counts.
			if end := strings.IndexAny(text[k:], "\"`."); end >= 0 {
				k += end - 1
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
