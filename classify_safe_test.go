package pooled

import (
	"database/sql/driver"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// TestANamedFunctionKeepsAReadSafe compares names as the servers do.
func TestANamedFunctionKeepsAReadSafe(t *testing.T) {
	for _, c := range []struct {
		f     Flavor
		names string
		query string
		want  verdict
	}{
		{Postgres, "price", "SELECT price(1)", safe},
		{Postgres, "price", "SELECT PRICE (1) FROM t", safe},
		{Postgres, "Price", "SELECT price(1)", safe},
		{Postgres, "price", `SELECT "price"(1)`, safe},
		{Postgres, "price", `SELECT "Price"(1)`, reads},
		{Postgres, `"Price"`, `SELECT "Price"(1)`, safe},
		{Postgres, `"Price"`, "SELECT Price(1)", reads},
		{Postgres, "price", "SELECT app.price(1)", reads},
		{Postgres, "app.price", "SELECT price(1)", reads},
		{Postgres, "app.price", "SELECT App . Price(1)", safe},
		{Postgres, "app.price", `SELECT "app".price(1) FROM s.t WHERE x.y = "app"."price"(2)`, safe},
		{Postgres, "app.price", "SELECT other.price(1)", reads},
		{Postgres, "app.price", "SELECT db.app.price(1)", reads},
		{Postgres, "app.price", "SELECT app./* c */price(1)", reads},
		{Postgres, "price", "SELECT price(1), other(2)", reads},
		{Postgres, "price", "SELECT price(nextval('s'))", reads},
		{Postgres, "price", "SELECT price(1) FROM t FOR UPDATE", careful},
		{Postgres, "price", "EXPLAIN ANALYZE SELECT price(1)", safe},
		{Postgres, "price", "SELECT * FROM price(1) p(a), LATERAL price(2)", safe},
		{Postgres, "price", "SELECT U&\"price\"(1)", reads},
		{Postgres, `"a,""b"`, `SELECT "a,""b"(1)`, safe},
		{Postgres, "price", "SELECT (t.a).price, (t.b) . \"price\" FROM t", safe},
		{Postgres, "price", "SELECT (t.a).cost FROM t", reads},
		{Postgres, "", "SELECT price(1)", reads},
		{MySQL, "price", "SELECT `PRICE`(1), Price(2)", safe},
		{MySQL, "price", "SELECT app.price(1)", reads},
		{MySQL, "app.price", "SELECT app.PRICE(1), `app`.`price`(2)", safe},
		{MySQL, "app.price", "SELECT APP.price(1)", reads}, // two databases, unless the server says otherwise
		{MySQL, "app.price", "SELECT price(1)", reads},
		{MySQL, "`app`.`Price`", "SELECT app.price(1)", safe},
		{MySQL, "price", "SELECT \"price\"(1)", reads},
		{MySQL, "price", "SELECT 'it\\'s', price(1), \"a\"", safe},
		{MySQL, "price", "SELECT price(@a)", reads},
		{MySQL, "max", "SELECT max (1)", safe}, // a blank makes it the stored function, which is named
	} {
		var list []string
		if c.names != "" {
			list = splitNames(c.names)
		}
		s := classifyWith(c.f, c.query, newSafeFunctions(c.f, list))
		if got := verdictOf(&s); got != c.want {
			t.Errorf("%s, safe %s: %q is %s, want %s", c.f, c.names, c.query, got, c.want)
		}
	}
}

func TestNamingAFunctionHidesNothingThatItLeavesBehind(t *testing.T) {
	s := classifyWith(Postgres, "SELECT pg_advisory_lock(1)", newSafeFunctions(Postgres, []string{"pg_advisory_lock"}))
	if s.State != StateLock {
		t.Errorf("state %s", s.State)
	}
}

func TestNamesOfFunctionsAreTold(t *testing.T) {
	for _, c := range []struct {
		f    Flavor
		name string
		want bool
	}{
		{Postgres, "f", true}, {Postgres, "_f$1", true}, {Postgres, "größe", true}, {Postgres, `app."F G"`, true}, {Postgres, `"a""b"`, true},
		{MySQL, "`f g`", true}, {MySQL, "a.`b``c`", true},
		{Postgres, "", false}, {Postgres, "f()", false}, {Postgres, "1f", false}, {Postgres, "a.", false}, {Postgres, ".a", false},
		{Postgres, "a.b.c", false}, {Postgres, `"a`, false}, {Postgres, `""`, false}, {Postgres, "a b", false}, {Postgres, "`a`", false},
		{MySQL, `"a"`, false}, {MySQL, "a..b", false}, {Postgres, "a;b", false}, {Postgres, "\"a\x00\"", false}, {Postgres, strings.Repeat("a", 201), false},
	} {
		if got := isFunctionList([]string{c.name}, c.f); got != c.want {
			t.Errorf("%s %q: %v", c.f, c.name, got)
		}
	}
	if isFunctionList(make([]string, maxSafeFunctions+1), Postgres) {
		t.Error("the list has no end")
	}
}

// TestAReadThatCallsANamedFunctionIsRunAgain goes through the pool.
func TestAReadThatCallsANamedFunctionIsRunAgain(t *testing.T) {
	const query = "SELECT app.price(1)"
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			names []string
			dials int64
		}{{nil, 1}, {[]string{"price"}, 1}, {[]string{"other", "app.Price"}, 2}} {
			r := newRig(t, fakedriver.PGX, dialect(&testDialect{}), func(cfg *Config) { cfg.SafeFunctions = c.names })
			r.srv.Answer(query, fakedriver.Answer{Sets: []fakedriver.ResultSet{{
				Columns: fakedriver.Plain("n"), Rows: [][]driver.Value{{int64(1)}},
			}}})
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Err: driver.ErrBadConn})
			err := drain(r.db.QueryContext(t.Context(), query))
			if n := r.srv.Counts().Conns.Made; int64(n) != c.dials || (err == nil) != (c.dials == 2) {
				t.Errorf("safe %q: %d dials, want %d; %v", c.names, n, c.dials, err)
			}
		}
	})
}

func TestTheListOfAPoolIsItsOwn(t *testing.T) {
	names := []string{"f"}
	r := newRig(t, fakedriver.PGX, func(c *Config) { c.SafeFunctions = names })
	names[0] = "g"
	r.pool.Config().SafeFunctions[0] = "h"
	if got := r.pool.Config().SafeFunctions; len(got) != 1 || got[0] != "f" {
		t.Errorf("%q", got)
	}
}

func TestSafeFunctionsCanBeTakenBack(t *testing.T) {
	c, err := resolveIn([]string{"POOLED_SAFE_FUNCTIONS=f,g"}, "x?pool_safe_functions=off")
	if err != nil || len(c.SafeFunctions) != 0 || c.sources["pool_safe_functions"] != "DSN" {
		t.Errorf("%q from %s, %v", c.SafeFunctions, c.sources["pool_safe_functions"], err)
	}
	if _, err := resolveIn(nil, "x?pool_safe_functions=%60f%60"); err == nil {
		t.Error("a name in the quotes of the other server was taken")
	}
}
