package pooled

import (
	"reflect"
	"testing"
)

// TestTokensThatPassHaveNoRule classifies every seed a second time with tokens
// that are all looked at. One that passes and should not have would show.
func TestTokensThatPassHaveNoRule(t *testing.T) {
	type text struct {
		f     Flavor
		query string
	}
	var list []text
	for _, c := range postgresTraps {
		list = append(list, text{Postgres, c.query})
	}
	for _, c := range mysqlTraps {
		list = append(list, text{MySQL, c.query})
	}
	for _, c := range digestCases {
		list = append(list, text{c.flavor, c.query})
	}
	for _, c := range stateCases {
		list = append(list, text{c.flavor, c.query})
	}
	for _, block := range []string{postgresSafeTexts, postgresReadingTexts, postgresCarefulTexts} {
		for _, q := range texts(block) {
			list = append(list, text{Postgres, q})
		}
	}
	for _, block := range []string{mysqlSafeTexts, mysqlReadingTexts, mysqlCarefulTexts} {
		for _, q := range texts(block) {
			list = append(list, text{MySQL, q})
		}
	}
	var quick []Statement
	for _, c := range list {
		quick = append(quick, Classify(c.f, c.query))
	}
	const all = wordRule | wordClause | wordShape
	sorts := kindSorts
	defer func() { kindSorts = sorts }()
	for k := range kindSorts {
		if tokenKind(k) != tokenWord { // a word without any is an identifier
			kindSorts[k].flags |= all
		}
	}
	for f := range madeTables {
		used := madeTables[f].Swap(nil)
		defer madeTables[f].Store(used)
		words := tablesOf(Flavor(f)).words
		for i := range words.slots {
			s := &words.slots[i]
			if w := &words.items[s.item].tokenSort; w.flags&wordKnown != 0 {
				w.flags |= all
				s.tokenSort = *w
			}
		}
	}
	for i, c := range list {
		if s := Classify(c.f, c.query); !reflect.DeepEqual(s, quick[i]) {
			t.Errorf("%s %q:\n%+v\nwith every word looked at\n%+v", c.f, c.query, quick[i], s)
		}
	}
	if len(list) < 500 {
		t.Errorf("only %d texts", len(list))
	}
}
