package pooled

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzClassify checks on any bytes what must hold of every text.
func FuzzClassify(f *testing.F) {
	seedClassify(f)
	f.Fuzz(func(t *testing.T, query string, mysql bool) {
		flavor := Postgres
		if mysql {
			flavor = MySQL
		}
		checkClassify(t, flavor, query)
	})
}

// FuzzDigest checks that a digest reads back to itself.
func FuzzDigest(f *testing.F) {
	seedClassify(f)
	f.Fuzz(func(t *testing.T, query string, mysql bool) {
		flavor := Postgres
		if mysql {
			flavor = MySQL
		}
		checkDigest(t, flavor, query)
	})
}

func seedClassify(f *testing.F) {
	for _, c := range postgresTraps {
		f.Add(c.query, false)
	}
	for _, c := range mysqlTraps {
		f.Add(c.query, true)
	}
	for _, c := range digestCases {
		f.Add(c.query, c.flavor == MySQL)
	}
	for _, c := range stateCases {
		f.Add(c.query, c.flavor == MySQL)
	}
}

func TestSeedsHoldTheInvariants(t *testing.T) {
	for _, c := range postgresTraps {
		checkClassify(t, Postgres, c.query)
		checkDigest(t, Postgres, c.query)
	}
	for _, c := range mysqlTraps {
		checkClassify(t, MySQL, c.query)
		checkDigest(t, MySQL, c.query)
	}
	for _, c := range digestCases {
		checkClassify(t, c.flavor, c.query)
		checkDigest(t, c.flavor, c.query)
	}
}

func checkDigest(t *testing.T, f Flavor, query string) {
	t.Helper()
	s := Classify(f, query)
	again := Classify(f, s.Digest)
	if again.Digest != s.Digest {
		t.Errorf("%s %q: digest %q reads back as %q", f, query, s.Digest, again.Digest)
	}
	if (again.Fingerprint == s.Fingerprint) != (again.Digest == s.Digest) {
		t.Errorf("%s %q: digest and fingerprint disagree", f, query)
	}
}

func checkClassify(t *testing.T, f Flavor, query string) {
	t.Helper()
	s := Classify(f, query)
	if s.Retryable && !s.ReadOnly {
		t.Errorf("%s %q: retryable though not read-only", f, query)
	}
	if len(s.Summary) > maxSummary {
		t.Errorf("%s %q: a summary of %d bytes", f, query, len(s.Summary))
	}
	quick := classifyQuick(f, query)
	if quick.class != s.Class || quick.readOnly != s.ReadOnly || quick.retryable != s.Retryable || quick.state != s.State || quick.tx != s.Tx {
		t.Errorf("%s %q: the quick way differs", f, query)
	}
	if f == MySQL && !utf8.ValidString(query) {
		return // no claim is made of such a text, also if only a comment makes it one
	}
	relaid, changed, ok := rewrite(f, query)
	if !ok {
		return
	}
	r := Classify(f, relaid)
	if r.Class != s.Class || r.ReadOnly != s.ReadOnly || r.Retryable != s.Retryable || r.Operation != s.Operation {
		t.Errorf("%s %q is %s %v %v, with other blanks and comments %q is %s %v %v",
			f, query, s.Class, s.ReadOnly, s.Retryable, relaid, r.Class, r.ReadOnly, r.Retryable)
	}
	if r.Digest != s.Digest {
		t.Errorf("%s %q: digest %q, with other blanks %q", f, query, s.Digest, r.Digest)
	}
	if strings.HasPrefix(s.Operation, "EXPLAIN") || strings.HasPrefix(s.Operation, "DESC") {
		return // the value of an option decides
	}
	if c := Classify(f, changed); c.Class != s.Class || c.Operation != s.Operation {
		t.Errorf("%s %q is %s, with other literals %q is %s", f, query, s.Class, changed, c.Class)
	}
}

// rewrite puts other blanks and comments between the tokens of query, and
// other literals in their places. It declines where a change would mean
// something.
func rewrite(f Flavor, query string) (relaid, changed string, ok bool) {
	s := scanner{src: query, flavor: f, tables: tablesOf(f)}
	var a, b strings.Builder
	end := 0
	for {
		s.next()
		if s.broken || s.differs != 0 {
			return "", "", false
		}
		if int(s.start) > end {
			if strings.Contains(query[end:s.start], "/*!") || strings.HasSuffix(query[:end], "--") {
				return "", "", false // the blank would begin a comment
			}
			a.WriteString(" /* delete from x; */\t")
			b.WriteString(query[end:s.start])
		}
		if s.kind == tokenEnd {
			return a.String(), b.String(), true
		}
		text := query[s.start:s.pos]
		a.WriteString(text)
		switch {
		case s.kind == tokenNumber && strings.Trim(text, "0123456789") == "":
			if s.pos < len(query) && (s.tables.chars.word[query[s.pos]] || query[s.pos] == '.') {
				return "", "", false
			}
			text = strings.Repeat("7", len(text))
		case s.kind == tokenString && text[0] == '\'':
			text = "'zz'"
		}
		b.WriteString(text)
		end = s.pos
	}
}

// TestClassifyTakesLinearTime doubles texts that are made to be slow.
func TestClassifyTakesLinearTime(t *testing.T) {
	parts := []string{
		"(", ")", "((a)", "[", "'", "''", "'\\'", "\"", "`", "/*", "/**/", "/* /* */ */", "/*!1 ", "/*!1 */", "/*!1 /* */ */", "--\n", "-- \r", "#\n", "$a$",
		"$", "a.", "a,", "f(", "IN (1,", "VALUES (1),", "SELECT 1;", "WITH a AS (", "a AS (SELECT 1),", "FROM t,", "JOIN t ", "- ", "-1", "+", "+-", "<+",
		"? ", "@a", "@@a", ":a", "::", "'a'\n", "E'a'\n", "CASE ", "END ", "1e", "1.", "é", "\x00", "SELECT ", "x y(", "'a' -- c\n", "--c\n",
	}
	size := 50_000
	if RaceEnabled { // which says nothing about it, and takes its time
		size = 10_000
	}
	for _, f := range []Flavor{Postgres, MySQL} {
		for _, part := range parts {
			for _, head := range []string{"", "SELECT ", "SELECT a FROM t WHERE b IN (", "WITH x AS (", "CREATE FUNCTION f() BEGIN ATOMIC ", "INSERT INTO t VALUES "} {
				long := head + strings.Repeat(part, size/len(part))
				begin := time.Now()
				Classify(f, long)
				if d := time.Since(begin); d > time.Second {
					t.Errorf("%s %q and then %q, %d bytes: %s", f, head, part, len(long), d)
				}
			}
		}
	}
}

func TestClassifyAcceptsEveryBytePair(t *testing.T) {
	for _, f := range []Flavor{Postgres, MySQL} {
		for i := range 1 << 16 {
			q := fmt.Sprintf("SELECT %c%c INTO", byte(i), byte(i>>8))
			q = strings.ToValidUTF8(q, "\xff")
			Classify(f, q)
			Classify(f, string([]byte{byte(i), byte(i >> 8)}))
		}
	}
}
