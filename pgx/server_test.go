package pgx

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// serverDSN is the URL of a PostgreSQL server for tests, with a superuser.
func serverDSN(t *testing.T) string {
	t.Helper()
	s := testdb.SharedPostgres(t)
	return s.AdminDSN(s.NewDatabase(t))
}

func wantFault(t *testing.T, err error, want pooled.Fault) {
	t.Helper()
	if got := (Dialect{}).Fault(err); got != want {
		t.Errorf("fault %d, want %d: %#v %v", got, want, err, err)
	} else {
		t.Logf("%d: %v", got, err)
	}
}

// with returns the DSN with one part changed.
func with(t *testing.T, dsn string, change func(*url.URL, url.Values)) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	change(u, q)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestServerRefusals(t *testing.T) {
	dsn := serverDSN(t)
	for _, c := range []struct {
		name   string
		change func(*url.URL, url.Values)
		want   pooled.Fault
	}{
		{"wrong password", func(u *url.URL, _ url.Values) { u.User = url.UserPassword(u.User.Username(), "wrong") }, pooled.FaultConfig},
		{"unknown user", func(u *url.URL, _ url.Values) { u.User = url.UserPassword("nobody_here", "x") }, pooled.FaultConfig},
		{"unknown database", func(u *url.URL, _ url.Values) { u.Path = "/nowhere" }, pooled.FaultConfig},
		{"unknown setting", func(_ *url.URL, q url.Values) { q.Set("no_such_setting", "1") }, pooled.FaultConfig},
		{"nothing listens", func(u *url.URL, _ url.Values) { u.Host = "127.0.0.1:1" }, pooled.FaultServerDown},
		{"no socket", func(u *url.URL, q url.Values) { u.Host = ""; q.Set("host", "/nowhere") }, pooled.FaultServerDown},
		{"unknown host", func(u *url.URL, _ url.Values) { u.Host = "no-such-host.invalid:5432" }, pooled.FaultConfig},
		{"unknown host first", func(u *url.URL, _ url.Values) { u.Host = "no-such-host.invalid:5432,127.0.0.1:1" }, pooled.FaultServerDown},
		{"wanted a standby", func(_ *url.URL, q url.Values) { q.Set("target_session_attrs", "standby") }, pooled.FaultServerDown},
		{"certificate not trusted", func(_ *url.URL, q url.Values) { q.Set("sslmode", "verify-full") }, pooled.FaultConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := testdb.OpenBase(t, baseDriver{}, with(t, dsn, c.change))
			err := db.PingContext(t.Context())
			if err == nil {
				t.Fatal("connected")
			}
			if c.name == "certificate not trusted" && !strings.Contains(err.Error(), "x509") {
				t.Errorf("the certificate is not what is wrong: %v", err)
			}
			wantFault(t, err, c.want)
			testdb.WantBareError(t, "pgx", with(t, dsn, c.change), err)
		})
	}
}

func TestServerStatementFaults(t *testing.T) {
	dsn := serverDSN(t)
	ctx := t.Context()
	db := testdb.OpenBase(t, baseDriver{}, dsn)
	a, b := testdb.Session(t, db), testdb.Session(t, db)
	testdb.MustExec(t, a, `drop table if exists pooled_faults`)
	testdb.MustExec(t, a, `create table pooled_faults (id int primary key, v int)`)
	t.Cleanup(func() { db.Exec(`drop table if exists pooled_faults`) })
	testdb.MustExec(t, a, `insert into pooled_faults values (1, 0), (2, 0)`)
	exec := func(c *sql.Conn, query string) error {
		_, err := c.ExecContext(ctx, query)
		return err
	}

	t.Run("the program's own", func(t *testing.T) {
		wantFault(t, exec(a, `selec`), pooled.FaultProgram)
		wantFault(t, exec(a, `insert into pooled_faults values (1, 1)`), pooled.FaultProgram)
		wantFault(t, exec(a, `drop database nowhere`), pooled.FaultProgram)
		wantFault(t, exec(a, `select 1/0`), pooled.FaultProgram)
	})
	t.Run("cancelled by the server", func(t *testing.T) {
		testdb.MustExec(t, a, `set statement_timeout = 20`)
		wantFault(t, exec(a, `select pg_sleep(5)`), pooled.FaultCancelled)
		testdb.MustExec(t, a, `reset statement_timeout`)
	})
	t.Run("read-only transaction", func(t *testing.T) {
		testdb.MustExec(t, a, `begin read only`)
		wantFault(t, exec(a, `update pooled_faults set v = 1`), pooled.FaultReadOnly)
		testdb.MustExec(t, a, `rollback`)
	})
	t.Run("lock not available", func(t *testing.T) {
		testdb.MustExec(t, a, `begin`)
		testdb.MustExec(t, a, `update pooled_faults set v = 1`)
		wantFault(t, exec(b, `select * from pooled_faults for update nowait`), pooled.FaultLockTimeout)
		testdb.MustExec(t, b, `set lock_timeout = 20`)
		wantFault(t, exec(b, `update pooled_faults set v = 2`), pooled.FaultLockTimeout)
		testdb.MustExec(t, b, `reset lock_timeout`)
		testdb.MustExec(t, a, `rollback`)
	})
	t.Run("serialization failure", func(t *testing.T) {
		testdb.MustExec(t, a, `begin isolation level repeatable read`)
		testdb.MustExec(t, a, `select * from pooled_faults`)
		testdb.MustExec(t, b, `update pooled_faults set v = v + 1`)
		wantFault(t, exec(a, `update pooled_faults set v = v + 1`), pooled.FaultSerialization)
		testdb.MustExec(t, a, `rollback`)
	})
	t.Run("deadlock", func(t *testing.T) {
		testdb.MustExec(t, a, `begin`)
		testdb.MustExec(t, b, `begin`)
		testdb.MustExec(t, a, `set local deadlock_timeout = 20`)
		testdb.MustExec(t, b, `set local deadlock_timeout = 5000`)
		testdb.MustExec(t, a, `update pooled_faults set v = 1 where id = 1`)
		testdb.MustExec(t, b, `update pooled_faults set v = 1 where id = 2`)
		other := make(chan error)
		go func() { other <- exec(b, `update pooled_faults set v = 1 where id = 1`) }()
		time.Sleep(50 * time.Millisecond)
		wantFault(t, exec(a, `update pooled_faults set v = 1 where id = 2`), pooled.FaultDeadlock)
		testdb.MustExec(t, a, `rollback`)
		<-other
		testdb.MustExec(t, b, `rollback`)
	})
	t.Run("stale statement", func(t *testing.T) {
		s, err := a.PrepareContext(ctx, `select * from pooled_faults where id = $1`)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.ExecContext(ctx, 1); err != nil {
			t.Fatal(err)
		}
		testdb.MustExec(t, b, `alter table pooled_faults add column more int`)
		_, err = s.ExecContext(ctx, 1)
		wantFault(t, err, pooled.FaultStaleStatement)
		testdb.MustExec(t, a, `deallocate all`)
		_, err = s.ExecContext(ctx, 1)
		wantFault(t, err, pooled.FaultStaleStatement)
		wantFault(t, exec(a, `create table pooled_never (like pooled_faults) with (oids = true)`), pooled.FaultProgram)
	})
	t.Run("our context ends", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err := a.ExecContext(ctx, `select pg_sleep(5)`)
		wantFault(t, err, pooled.FaultCancelled)
	})
	t.Run("session ended", func(t *testing.T) {
		var pid int
		if err := b.QueryRowContext(ctx, `select pg_backend_pid()`).Scan(&pid); err != nil {
			t.Fatal(err)
		}
		testdb.MustExec(t, db, `select pg_terminate_backend($1, 5000)`, pid)
		err := exec(b, `select 1`)
		var pe *pgconn.PgError
		if errors.As(err, &pe) {
			wantFault(t, err, pooled.FaultServerDown)
		} else {
			wantFault(t, err, pooled.FaultLinkLost)
		}
		wantFault(t, exec(b, `select 1`), pooled.FaultLinkLost)
	})
	t.Run("session ended for idling in a transaction", func(t *testing.T) {
		c := testdb.Session(t, db)
		testdb.MustExec(t, c, `set idle_in_transaction_session_timeout = 20`)
		testdb.MustExec(t, c, `begin`)
		time.Sleep(100 * time.Millisecond)
		wantFault(t, exec(c, `select 1`), pooled.FaultLinkLost)
	})
}

func TestServerTooManyConnections(t *testing.T) {
	dsn := serverDSN(t)
	db := testdb.OpenBase(t, baseDriver{}, dsn)
	testdb.MustExec(t, db, `drop role if exists pooled_few`)
	testdb.MustExec(t, db, `create role pooled_few login password 'few' connection limit 1`)
	t.Cleanup(func() { db.Exec(`drop role if exists pooled_few`) })
	few := testdb.OpenBase(t, baseDriver{}, with(t, dsn, func(u *url.URL, _ url.Values) { u.User = url.UserPassword("pooled_few", "few") }))
	testdb.Session(t, few)
	_, err := few.Conn(t.Context())
	wantFault(t, err, pooled.FaultTooManyConns)
	few.Close()
}

func TestServerStateResetAndGone(t *testing.T) {
	db := testdb.OpenBase(t, baseDriver{}, serverDSN(t))
	c := testdb.Session(t, db)
	d := Dialect{}
	raw := func(f func(driver.Conn, *pgx.Conn)) {
		t.Helper()
		if err := c.Raw(func(dc any) error {
			p, err := Unwrap(dc)
			if err != nil {
				return err
			}
			f(dc.(driver.Conn), p)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	state := func(want pooled.ConnState) {
		t.Helper()
		raw(func(dc driver.Conn, _ *pgx.Conn) {
			if got := d.State(dc); got != want {
				t.Errorf("state %d, want %d", got, want)
			}
		})
	}
	state(pooled.ConnClean)
	testdb.MustExec(t, c, `begin`)
	state(pooled.ConnInTx)
	c.ExecContext(t.Context(), `selec`)
	state(pooled.ConnInTx)
	testdb.MustExec(t, c, `rollback`)
	state(pooled.ConnClean)
	raw(func(dc driver.Conn, p *pgx.Conn) {
		rows, err := p.Query(t.Context(), `select generate_series(1, 100000)`)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.State(dc); got != pooled.ConnBusy {
			t.Errorf("state %d with open rows, want %d", got, pooled.ConnBusy)
		}
		rows.Close()
	})

	testdb.MustExec(t, c, `create temp table pooled_temp (a int)`)
	testdb.MustExec(t, c, `listen pooled_channel`)
	testdb.MustExec(t, c, `set application_name = 'changed'`)
	testdb.MustExec(t, c, `notify pooled_channel`)
	var n int
	const cached = `select count(*) from pg_class where relname = $1`
	if err := c.QueryRowContext(t.Context(), cached, "pooled_temp").Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	raw(func(dc driver.Conn, p *pgx.Conn) {
		if err := d.Reset(t.Context(), dc); err != nil {
			t.Fatal(err)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if n, _ := p.WaitForNotification(over); n != nil {
			t.Errorf("a notification outlived the reset: %+v", n)
		}
	})
	state(pooled.ConnClean)
	// The same text again: pgx's cache must not name a statement that is gone.
	if err := c.QueryRowContext(t.Context(), cached, "pooled_temp").Scan(&n); err != nil || n != 0 {
		t.Errorf("after the reset: %d temporary tables, %v", n, err)
	}
	var name string
	if err := c.QueryRowContext(t.Context(), `select current_setting('application_name')`).Scan(&name); err != nil || name == "changed" {
		t.Errorf("application_name %q, %v", name, err)
	}

	raw(func(dc driver.Conn, _ *pgx.Conn) {
		gone := d.Gone(dc)
		select {
		case <-gone:
			t.Error("gone while open")
		default:
		}
		dc.Close()
		select {
		case <-gone:
		case <-time.After(30 * time.Second):
			t.Error("not gone after Close")
		}
		if got := d.State(dc); got != pooled.ConnClosed {
			t.Errorf("state %d after Close, want %d", got, pooled.ConnClosed)
		}
	})
}

func TestServerRaw(t *testing.T) {
	for _, name := range []string{"pgx", "pooled-pgx"} {
		t.Run(name, func(t *testing.T) {
			db, err := sql.Open(name, serverDSN(t))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var n int64
			if err := Raw(t.Context(), db, func(c *pgx.Conn) error {
				if _, err := c.Exec(t.Context(), `create temp table pooled_copy (a int)`); err != nil {
					return err
				}
				n, err = c.CopyFrom(t.Context(), pgx.Identifier{"pooled_copy"}, []string{"a"}, pgx.CopyFromRows([][]any{{1}, {2}}))
				return err
			}); err != nil || n != 2 {
				t.Fatal(n, err)
			}
			mine := errors.New("mine")
			if err := Raw(t.Context(), db, func(*pgx.Conn) error { return mine }); err != mine {
				t.Errorf("the function's error came back as %v", err)
			}
		})
	}
}

// TestServerCountsSessionsThatItHides: a role without pg_read_all_stats must
// not take a full server for an empty one.
func TestServerCountsSessionsThatItHides(t *testing.T) {
	s := testdb.SharedPostgres(t)
	database := s.NewDatabase(t)
	const role = "sees_nothing"
	t.Cleanup(func() { s.Query("", "DROP ROLE "+role) })
	if _, err := s.Query("", "CREATE ROLE "+role+" LOGIN PASSWORD 'x'"); err != nil {
		t.Fatal(err)
	}
	open := func(dsn string) *sql.DB {
		db, err := sql.Open("pooled-pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	others := open(s.AdminDSN(database))
	for range 3 {
		tx, err := others.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
	}
	p, _ := pooled.From(open(with(t, s.DSN(database), func(u *url.URL, _ url.Values) { u.User = url.UserPassword(role, "x") })))
	if v, err := p.Sessions(t.Context()); err != nil || v.Open < 4 {
		t.Errorf("%+v, %v: three others' and one of its own are open", v, err)
	}
	if v, err := p.Limits(t.Context()); err != nil || v.Open < 4 {
		t.Errorf("%+v, %v: three others' and one of its own are open", v, err)
	}
}
