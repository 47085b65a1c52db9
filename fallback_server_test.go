package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// TestReadsGoToTheFallbackWhileTheBreakerIsOpen: the server dies. Reads, and
// nothing else, are answered by another one, until it is back.
func TestReadsGoToTheFallbackWhileTheBreakerIsOpen(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) {
		fallbackReads(t, realPostgres(t, testdb.Postgres(t)), realPostgres(t, testdb.SharedPostgres(t)))
	})
	t.Run("MariaDB", func(t *testing.T) {
		fallbackReads(t, realMariaDB(t, testdb.MySQL(t)), realMariaDB(t, testdb.SharedMySQL(t)))
	})
	t.Run("MariaDB, nothing kept prepared", func(t *testing.T) {
		fallbackReads(t, realMariaDB(t, testdb.MySQL(t)), realMariaDB(t, testdb.SharedMySQL(t)),
			func(c *pooled.Config) { c.StatementCacheSize = pooled.Off })
	})
}

func fallbackReads(t *testing.T, s, other *realServer, opts ...pooled.Option) {
	for _, one := range []*realServer{s, other} {
		admin := one.bare(t, 1)
		do(t, admin, "CREATE TABLE which (k INT PRIMARY KEY, name VARCHAR(10))")
		for k := range 3 {
			do(t, admin, fmt.Sprintf("INSERT INTO which VALUES (%d, '%s')", k, map[bool]string{true: "primary", false: "fallback"}[one == s]))
		}
		admin.Close()
	}
	db, p := s.open(t, append(opts, limits(1, 4), quiet, func(c *pooled.Config) {
		c.ReadFallback = other.dsn
		c.OutageGrace = 300 * time.Millisecond
		c.LeakAfter = pooled.Off
	})...)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	byKey := s.sql("SELECT name FROM which WHERE k = ?")
	kept, err := db.Prepare(byKey)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	one := func(row *sql.Row) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}
	reads := map[string]func() (string, error){
		"text":           func() (string, error) { return one(db.QueryRowContext(ctx, "SELECT name FROM which WHERE k = 1")) },
		"with arguments": func() (string, error) { return one(db.QueryRowContext(ctx, byKey, 1)) },
		"prepared":       func() (string, error) { return one(kept.QueryRowContext(ctx, 2)) },
		"prepared now": func() (string, error) {
			stmt, err := db.PrepareContext(ctx, byKey)
			if err != nil {
				return "", err
			}
			defer stmt.Close()
			return one(stmt.QueryRowContext(ctx, 0))
		},
		"rows": func() (name string, err error) {
			rows, err := db.QueryContext(ctx, "SELECT name FROM which ORDER BY k")
			if err != nil {
				return "", err
			}
			defer rows.Close()
			if types, err := rows.ColumnTypes(); err != nil || len(types) != 1 || types[0].DatabaseTypeName() != "VARCHAR" {
				t.Errorf("column types %v, %v", types, err)
			}
			n := 0
			for ; rows.Next(); n++ {
				if err := rows.Scan(&name); err != nil {
					return "", err
				}
			}
			if n != 3 && rows.Err() == nil {
				t.Errorf("%d rows", n)
			}
			return name, rows.Err()
		},
		"on a connection": func() (string, error) {
			c, err := db.Conn(ctx)
			if err != nil {
				return "", err
			}
			defer c.Close()
			return one(c.QueryRowContext(ctx, byKey, 1))
		},
	}
	all := func(want string) {
		t.Helper()
		for name, read := range reads {
			if got, err := read(); got != want || err != nil {
				t.Errorf("%s: %q, %v; want %q", name, got, err, want)
			}
		}
	}
	all("primary")
	if n := p.Stats().FallbackReads; n != 0 {
		t.Fatalf("%d reads went to the fallback", n)
	}

	// Callers who read all the time notice nothing.
	var users sync.WaitGroup
	var served, asked atomic.Int64
	stop := make(chan struct{})
	for range 8 {
		users.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				asked.Add(1)
				if _, err := reads["with arguments"](); err != nil {
					t.Error("a read failed: ", err)
				} else {
					served.Add(1)
				}
				pace(time.Millisecond)
			}
		})
	}
	eventually(t, "reads are served", func() bool { return served.Load() > 50 })
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	died := time.Now()
	eventually(t, "reads go to the fallback", func() bool { return p.Stats().FallbackReads > 0 })
	took := time.Since(died)
	if !measured(t, string(s.Kind())+": first read by the fallback after the primary died, ms", float64(took.Milliseconds()), "<=", float64(busy(500*time.Millisecond).Milliseconds())) {
		t.Error("a bound was missed")
	}
	eventually(t, "the outage has lasted", func() bool {
		_, err := db.ExecContext(ctx, "DELETE FROM which")
		return errors.Is(err, pooled.ErrCircuitOpen)
	})
	all("fallback")

	// What is no proven read, or not alone, is refused.
	for name, run := range map[string]func() error{
		"INSERT": func() error {
			_, err := db.ExecContext(ctx, "INSERT INTO which VALUES (9, 'wrong')")
			return err
		},
		"INSERT RETURNING": func() error {
			return db.QueryRowContext(ctx, "INSERT INTO which VALUES (9, 'wrong') RETURNING k").Scan(new(int))
		},
		"SELECT FOR UPDATE": func() error {
			return db.QueryRowContext(ctx, "SELECT name FROM which WHERE k = 1 FOR UPDATE").Scan(new(string))
		},
		"a function": func() error { return db.QueryRowContext(ctx, s.sleep, 0).Scan(new(sql.NullString)) },
		"BEGIN": func() error {
			_, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
			return err
		},
		"RunTx": func() error {
			return pooled.RunTx(ctx, db, nil, func(tx *sql.Tx) error { return tx.QueryRow(byKey, 1).Scan(new(string)) })
		},
		"prepared INSERT": func() error {
			_, err := db.PrepareContext(ctx, s.sql("INSERT INTO which VALUES (?, 'wrong')"))
			return err
		},
		"Ping": func() error { return db.PingContext(ctx) },
	} {
		if err := run(); !errors.Is(err, pooled.ErrCircuitOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The fallback's own answer to a bad query is the answer.
	if err := db.QueryRowContext(ctx, "SELECT nothing FROM which").Scan(new(int)); err == nil || errors.Is(err, pooled.ErrCircuitOpen) {
		t.Error("a bad query: ", err)
	}
	if st := p.Stats(); st.Breaker == pooled.BreakerClosed || st.InUse+st.Idle != 0 {
		t.Errorf("breaker %v, %v", st.Breaker, st.Counts)
	}

	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is found", func() bool { return p.Stats().Breaker == pooled.BreakerClosed })
	all("primary")
	do(t, db, "UPDATE which SET name = 'primary'")
	n := p.Stats().FallbackReads
	more := served.Load() + 100
	eventually(t, "reads are served", func() bool { return served.Load() > more })
	close(stop)
	users.Wait()
	if p.Stats().FallbackReads > n+8 { // those that were on their way
		t.Errorf("%d reads went to the fallback after the server was back", p.Stats().FallbackReads-n)
	}
	all("primary")
	t.Logf("%d reads, %d of them by the fallback", asked.Load(), n)
	if st := p.Fallback().Stats(); st.Name != p.Config().Name+"/fallback" || st.Use.Count() < n || st.InUse != 0 {
		t.Errorf("the fallback's pool %q had %d loans for %d reads, %v", st.Name, st.Use.Count(), n, st.Counts)
	}

	db.Close()
	admin := other.admin(t)
	eventually(t, "the fallback has no session left", func() bool { return ask[int](t, admin, other.sessions, other.database) == 0 })
	admin.Close()
}

// Neither a pool, nor its settings, nor what goes wrong shows the password of
// the fallback.
func TestTheFallbacksPasswordIsNotShown(t *testing.T) {
	for driver, dsn := range map[string]string{
		"pooled-pgx":   "postgres://u:own-secret@127.0.0.1:1/d?sslmode=disable&connect_timeout=1",
		"pooled-mysql": "u:own-secret@tcp(127.0.0.1:1)/d",
	} {
		fallback := strings.ReplaceAll(dsn, "own-secret", "hush-hush")
		sep := "?"
		if strings.Contains(dsn, "?") {
			sep = "&"
		}
		db, err := pooled.Open(driver, dsn+sep+"pool_read_fallback="+url.QueryEscape(fallback), quiet, func(c *pooled.Config) {
			c.BreakerThreshold = 1
		})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := pooled.From(db)
		if p.Config().ReadFallback != fallback {
			t.Errorf("%s: the fallback is %q", driver, p.Config().ReadFallback)
		}
		var last error
		eventually(t, "both are tried", func() bool {
			last = db.QueryRow("SELECT 1").Scan(new(int))
			return last != nil && strings.Contains(last.Error(), "fallback")
		})
		if !errors.Is(last, pooled.ErrCircuitOpen) {
			t.Error(last)
		}
		c := p.Config()
		for _, text := range []string{fmt.Sprint(last), c.String(), fmt.Sprintf("%+v %#v %v", c, c, c.LogValue()), fmt.Sprintf("%+v", p.Stats())} {
			if strings.Contains(text, "hush") {
				t.Errorf("%s: the password is in %s", driver, text)
			}
		}
		db.Close()
	}
	_, err := pooled.Open("pooled-mysql", "u:p@tcp(h)/d", func(c *pooled.Config) { c.ReadFallback = "u:hush-hush@tcp(h" })
	if fault := new(pooled.SettingError); !errors.As(err, &fault) || fault.Setting != "pool_read_fallback" || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
	_, err = pooled.Open("pooled-mysql", "u:p@tcp(localhost)/d", func(c *pooled.Config) {
		c.Profile, c.ReadFallback = pooled.Production, "u:hush-hush@tcp(db.example)/d"
	})
	if err == nil || !strings.Contains(err.Error(), "TLS of pool_read_fallback") || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
}

// What is said of the fallback is said of its own server.
func TestTheFallbackTellsItsOwnEndpoint(t *testing.T) {
	db, err := pooled.Open("pooled-pgx", "postgres://u@one.example:5001/a?sslmode=disable", quiet, func(c *pooled.Config) {
		c.ReadFallback = "postgres://v@two.example:5002/b?sslmode=verify-full"
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, _ := pooled.From(db)
	want := pooled.Endpoint{Host: "two.example", Port: 5002, Database: "b", User: "v", TLS: pooled.TLSVerified}
	if got := p.Fallback().Endpoint(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
