package pooled

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// pairsPerFlavor is how many texts are made, and of each one pair that must
// share a fingerprint and one that must not.
const pairsPerFlavor = 20_000 // under the race detector a quarter

// sqlPart is a piece of a made statement. The kind says what may be changed
// about it without another statement coming of it.
type sqlPart struct {
	kind partKind
	text string
}

type partKind uint8

const (
	partKeyword partKind = iota // case is free
	partName                    // fixed
	partSign                    // fixed: operators, commas, parentheses
	partLiteral                 // any other literal
	partList                    // a list of literals, of any length
	partRows                    // rows of literals, any number of them
)

// pairMaker makes statements and changes them.
type pairMaker struct {
	*rand.Rand
	flavor Flavor
	parts  []sqlPart
}

var (
	pairTables  = []string{"users", "orders", "s.items", "Accounts", "t1", "line_items", "log"}
	pairColumns = []string{"id", "name", "total", "created_at", "u.state", "Email", "kind", "price", "x"}
	pairSigns   = []string{"=", "<", ">", "<=", ">=", "<>", "!="}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// add takes a text of keywords in capitals, names, signs, ? for a literal,
// ?... for a list, rows, and %T, %C, %O for a table, a column, an operator.
func (m *pairMaker) add(text string) *pairMaker {
	for word := range strings.FieldsSeq(text) {
		p := sqlPart{partSign, word}
		switch {
		case word == "?":
			p.kind = partLiteral
		case word == "?...":
			p.kind = partList
		case word == "rows":
			p.kind = partRows
		case word == "%T":
			p = sqlPart{partName, m.quoted(pick(m.Rand, pairTables))}
		case word == "%C":
			p = sqlPart{partName, m.quoted(pick(m.Rand, pairColumns))}
		case word == "%O":
			p.text = pick(m.Rand, pairSigns)
		case word[0] >= 'A' && word[0] <= 'Z':
			p.kind = partKeyword
		case word[0] >= 'a' && word[0] <= 'z':
			p.kind = partName
		}
		m.parts = append(m.parts, p)
	}
	return m
}

func (m *pairMaker) quoted(name string) string {
	if m.IntN(4) > 0 || strings.Contains(name, ".") {
		return name
	}
	if m.flavor == MySQL {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

// maybe adds the text in one of n cases.
func (m *pairMaker) maybe(n int, text string) *pairMaker {
	if m.IntN(n) == 0 {
		m.add(text)
	}
	return m
}

func (m *pairMaker) condition() {
	for i := range 1 + m.IntN(3) {
		if i > 0 {
			m.add(pick(m.Rand, []string{"AND", "OR"}))
		}
		m.add(pick(m.Rand, []string{
			"%C %O ?", "%C %O ?", "%C IN ( ?... )", "%C NOT IN ( ?... )", "%C BETWEEN ? AND ?", "%C LIKE ?", "%C IS NULL", "%C IS NOT NULL",
			"lower ( %C ) %O ?", "%C %O %C", "( %C %O ? OR %C %O ? )", "EXISTS ( SELECT ? FROM %T WHERE %C %O %C )", "NOT %C %O ?", "%C + ? %O %C * ?",
			"CASE WHEN %C %O ? THEN ? ELSE ? END %O ?", "coalesce ( %C , ? ) %O ?",
		}))
	}
}

// statement makes a statement.
func (m *pairMaker) statement() {
	m.parts = m.parts[:0]
	switch m.IntN(8) {
	case 0:
		m.add("INSERT INTO %T ( a , b ) VALUES rows")
		if m.flavor == Postgres {
			m.maybe(3, "ON CONFLICT DO NOTHING").maybe(3, "RETURNING %C")
		} else {
			m.maybe(3, "ON DUPLICATE KEY UPDATE %C = ?")
		}
	case 1:
		m.add("UPDATE %T SET %C = ? , %C = %C + ? WHERE")
		m.condition()
	case 2:
		m.add("DELETE FROM %T WHERE")
		m.condition()
	case 3:
		m.add("WITH q AS ( SELECT %C FROM %T WHERE")
		m.condition()
		m.add(") SELECT * FROM q JOIN %T ON %C %O %C").maybe(2, "LIMIT ?")
	default:
		m.add("SELECT").maybe(4, "DISTINCT").add("%C").maybe(2, ", count ( * )").maybe(3, ", ?").maybe(4, ", max ( %C ) AS m").add("FROM %T u")
		m.maybe(3, "LEFT JOIN %T v ON %C %O %C").maybe(6, "CROSS JOIN %T")
		if m.IntN(8) > 0 {
			m.add("WHERE")
			m.condition()
		}
		m.maybe(4, "GROUP BY %C HAVING count ( * ) > ?").maybe(3, "ORDER BY %C DESC").maybe(3, "LIMIT ?").maybe(8, "FOR UPDATE")
		m.maybe(8, "UNION ALL SELECT %C FROM %T")
	}
}

func (m *pairMaker) literal() string {
	all := []string{"1", "42", "0.5", "'x'", "'it''s'", "''", "'-- no comment'", "'/* no */'", "'; DELETE'", "1e5", "-3", "+7", "NULL", "TRUE", "0x1F"}
	if m.flavor == MySQL {
		all = append(all, "?", `"a"`, "N'x'", "x'1f'")
	} else {
		all = append(all, "$1", "$12", "$$a$$", `E'\''`, "B'01'")
	}
	return pick(m.Rand, all)
}

func (m *pairMaker) literals() string {
	list := make([]string, 1+m.IntN(5))
	for i := range list {
		list[i] = m.literal()
	}
	return strings.Join(list, pick(m.Rand, []string{",", ", ", " , "}))
}

// gap is white space or a comment.
func (m *pairMaker) gap() string {
	if m.IntN(3) > 0 {
		return " "
	}
	all := []string{"\n", "\t", "  ", " \r\n", "/* c */", " /* it's */ ", " -- to the end\n", "\n-- \"x\n", "/**/"}
	if m.flavor == MySQL {
		all = append(all, " # c\n", "/* `x */")
	} else {
		all = append(all, "/* a /* nested */ b */")
	}
	return pick(m.Rand, all)
}

// write spells the parts, every time in another way.
func (m *pairMaker) write() string {
	var b strings.Builder
	fancy := m.IntN(4) > 0
	for i, p := range m.parts {
		switch {
		case i == 0:
		case p.text == "(" && m.parts[i-1].kind == partName:
		case fancy:
			b.WriteString(m.gap())
		default:
			b.WriteByte(' ')
		}
		switch p.kind {
		case partLiteral:
			b.WriteString(m.literal())
		case partList:
			b.WriteString(m.literals())
		case partRows:
			for k := range 1 + m.IntN(4) {
				if k > 0 {
					b.WriteString(",")
				}
				fmt.Fprintf(&b, "(%s,%s)", m.literal(), m.literal())
			}
		case partKeyword:
			switch m.IntN(3) {
			case 0:
				b.WriteString(strings.ToLower(p.text))
			case 1:
				b.WriteString(p.text[:1] + strings.ToLower(p.text[1:]))
			default:
				b.WriteString(p.text)
			}
		default:
			b.WriteString(p.text)
		}
	}
	if fancy {
		b.WriteString(pick(m.Rand, []string{"", " ", ";", " -- end", "\n"}))
	}
	return b.String()
}

// nearMiss changes one name, operator or keyword into another.
func (m *pairMaker) nearMiss() bool {
	i := m.IntN(len(m.parts))
	for range m.parts {
		p := &m.parts[i]
		switch {
		case p.kind == partName && (i+1 >= len(m.parts) || m.parts[i+1].text != "("):
			bare := strings.Trim(p.text, "\"`")
			p.text = strings.Replace(p.text, bare, bare+pick(m.Rand, []string{"2", "_x", "s"}), 1)
			return true
		case p.kind == partSign && strings.ContainsAny(p.text, "=<>"):
			old := p.text
			for p.text == old {
				p.text = pick(m.Rand, pairSigns)
			}
			return true
		case p.kind == partKeyword && (p.text == "AND" || p.text == "OR") && i > 1 && m.parts[i-2].text != "BETWEEN":
			p.text = map[string]string{"AND": "OR", "OR": "AND"}[p.text]
			return true
		}
		i = (i + 1) % len(m.parts)
	}
	return false
}

// TestFingerprintsOfPairs makes pairs that differ in literals, lengths of
// lists, case of keywords, comments and white space alone, and pairs that
// differ in one name or operator.
func TestFingerprintsOfPairs(t *testing.T) {
	pairs := pairsPerFlavor
	if RaceEnabled {
		pairs /= 4
	}
	for _, f := range []Flavor{Postgres, MySQL} {
		m := &pairMaker{Rand: rand.New(rand.NewPCG(3, uint64(f))), flavor: f}
		distinct := map[string]bool{}
		same, shown := 0, 0
		for range pairs {
			m.statement()
			one, two := m.write(), m.write()
			distinct[one] = true
			a, b := Classify(f, one), Classify(f, two)
			if a.Fingerprint == b.Fingerprint {
				same++
			} else if shown++; shown <= 5 {
				t.Logf("%s: apart:\n\t%q\n\t%q\n\t%s\n\t%s", f, one, two, a.Digest, b.Digest)
			}
			if a.Class != b.Class || a.Operation != b.Operation {
				t.Fatalf("%s: %q is %s, %q is %s", f, one, a.Class, two, b.Class)
			}
			if !m.nearMiss() {
				continue
			}
			three := m.write()
			if c := Classify(f, three); c.Fingerprint == a.Fingerprint || c.Fingerprint == b.Fingerprint {
				t.Fatalf("%s: one fingerprint for\n\t%q\n\t%q", f, one, three)
			}
		}
		share := 100 * float64(same) / float64(pairs)
		t.Logf("%s: %.2f%% of %d pairs share a fingerprint (%d different texts)", f, share, pairs, len(distinct))
		if share < 99 {
			t.Errorf("%s: %.2f%%, want 99%%", f, share)
		}
	}
}
