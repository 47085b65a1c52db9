package pooled_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// adviceOf returns the advice with a code, and fails without it.
func adviceOf(t *testing.T, p *pooled.Pool, code pooled.AdviceCode) pooled.Advice {
	t.Helper()
	for _, a := range p.Advise() {
		if a.Code == code {
			t.Logf("%s %s: %s %s %s %s", a.Severity, a.Code, a.Observed, a.Arithmetic, a.Action, a.Effect)
			return a
		}
	}
	t.Errorf("no advice %s, only %v", code, p.Advise())
	return pooled.Advice{}
}

// watched uses the pool between one look and another, as if the looks were two
// seconds apart.
func watched(p *pooled.Pool, from, to int, use func()) {
	for look := from; look < to; look++ {
		p.Observe(time.Duration(look) * 2 * time.Second)
		use()
	}
}

func TestServerLimitsLeadToAdvice(t *testing.T) {
	for _, tt := range []struct {
		name string
		open func(*testing.T) *realServer
	}{
		{"PostgreSQL", func(t *testing.T) *realServer {
			return realPostgres(t, testdb.Postgres(t, testdb.Setting("max_connections", "20"), testdb.Setting("idle_session_timeout", "100s")))
		}},
		{"MariaDB", func(t *testing.T) *realServer {
			return realMariaDB(t, testdb.MySQL(t, testdb.Setting("max_connections", "20"), testdb.Setting("wait_timeout", "100")))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.open(t)
			// Two instances of the program, and a stranger.
			_, other := s.open(t, limits(3, 25), func(c *pooled.Config) { c.DisableAdvise = true })
			_, p := s.open(t, limits(3, 25), func(c *pooled.Config) { c.DisableAdvise = true })
			for _, p := range []*pooled.Pool{other, p} {
				if err := p.Warm(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.admin(t).Ping(); err != nil {
				t.Fatal(err)
			}
			if all := p.Advise(); all != nil {
				t.Errorf("before the server was asked: %v", all)
			}
			l, err := p.Limits(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", l)
			if l.Max != 20 || l.Peers != 6 || l.Open < 6 || l.Clients != 1 || l.Mine != 3 || l.Pooler || l.PerTx || l.IdleTimeout != 100*time.Second || l.Version == "" || l.Session == 0 {
				t.Errorf("the server allows %+v", l)
			}
			a := adviceOf(t, p, pooled.AdviceServerConnections)
			if a.Setting != "pool_max_conns" || a.Now != "25" || len(a.Value) != 2 || a.Value >= "20" {
				t.Errorf("%+v", a)
			}
			a = adviceOf(t, p, pooled.AdviceServerIdleTimeout)
			if a.Severity != pooled.SeverityWarning || a.Setting != "pool_max_conn_idle_time" || a.Value != "1m20s" {
				t.Errorf("%+v", a)
			}
			if used := p.Stats().Use.Count(); used != 0 {
				t.Errorf("the question counts as %d loans", used)
			}
		})
	}
}

func TestPgBouncerIsSeen(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	dsn := s.PgBouncer(t, s.database, 3) + "&default_query_exec_mode=exec"
	_, p := openDSN(t, "pooled-pgx", dsn, limits(2, 8))
	if err := p.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := p.Limits(t.Context())
	if err != nil || !l.Pooler || !l.PerTx {
		t.Fatalf("%+v, %v", l, err)
	}
	if a := adviceOf(t, p, pooled.AdvicePooler); a.Setting != "pool_statement_cache_size" || a.Value != "off" {
		t.Errorf("%+v", a)
	}
	_, p = s.open(t, limits(2, 8))
	if err := p.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l, err := p.Limits(t.Context()); err != nil || l.Pooler || l.PerTx {
		t.Errorf("without PgBouncer: %+v, %v", l, err)
	}
}

func TestRepeatedStatementsAndRoundTripsLeadToAdvice(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		t.Parallel()
		db, p := s.open(t, limits(0, 4), func(c *pooled.Config) {
			c.DisableAdvise, c.RepeatLimit, c.StatementCacheSize = true, 10, pooled.Off
		})
		do(t, db, "CREATE TABLE parts (id int, name varchar(20))")
		query := "SELECT name FROM parts WHERE id = " + s.arg
		watched(p, 0, 30, func() {
			ctx := pooled.Scope(t.Context())
			for i := range 15 {
				var name string
				if err := db.QueryRowContext(ctx, query, i).Scan(&name); err != sql.ErrNoRows {
					t.Fatal(err)
				}
			}
		})
		a := adviceOf(t, p, pooled.AdviceRepeated)
		if !strings.Contains(a.Observed, "parts") || !strings.Contains(a.Arithmetic, "15 round trips") {
			t.Errorf("%+v", a)
		}
		if s.driver == "mysql" {
			if a := adviceOf(t, p, pooled.AdviceTextRoundTrips); a.Setting != "pool_statement_cache_size" || a.Value != "32" {
				t.Errorf("%+v", a)
			}
		}
		watched(p, 30, 60, func() {
			for i := range 20 {
				if _, err := db.ExecContext(context.Background(), fmt.Sprintf("DELETE FROM parts WHERE id = %d", time.Now().UnixNano()+int64(i))); err != nil {
					t.Fatal(err)
				}
			}
		})
		adviceOf(t, p, pooled.AdviceLiterals)
	})
}
