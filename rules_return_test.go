package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestAStatementClosedAfterItsLoanDoesNotSpeakToTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		st, err := r.db.Prepare(read)
		r.must(err)
		r.must(drain(st.Query()))
		r.srv.Calls()
		r.must(st.Close()) // the link lies idle with the handle
		r.saw()
		st, err = r.db.Prepare(read)
		r.must(err)
		c := r.hold() // somebody else has the link when the statement is closed
		r.srv.Calls()
		r.must(st.Close())
		r.saw()
		c.Close()
	})
}

func TestAStatementClosedInItsLoanIsClosedOnTheServer(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	c := r.hold()
	st, err := c.PrepareContext(context.Background(), read)
	r.must(err)
	r.srv.Calls()
	r.must(st.Close())
	r.saw("1 stmt.close " + read)
	c.Close()
}

func TestTheEndOfALoanDoesNoIO(t *testing.T) {
	r := newRig(t, fakedriver.MySQL)
	c := r.hold()
	r.must(r.write(c, 1))
	r.srv.Calls()
	c.Close()
	for _, call := range r.srv.Calls() {
		if call.Op != fakedriver.Valid {
			t.Errorf("%v at the end of a loan", call)
		}
	}
}

func TestALoanThatNobodyEndedEndsAtTheNextReset(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	h := r.handle()
	r.must(h.Ping(context.Background()))
	r.counts(1, 0, 0, 0, 0)
	r.must(h.ResetSession(context.Background())) // a wrapper above hid IsValid
	r.counts(0, 1, 0, 0, 0)
	r.must(h.ResetSession(context.Background()))
	if s := r.pool.Stats(); s.Unended != 1 || s.Use.Count() != 1 {
		t.Errorf("Unended %d of %d loans, want 1 of 1", s.Unended, s.Use.Count())
	}
	// It is said once, and by whose fault.
	r.must(h.Ping(context.Background()))
	r.must(h.ResetSession(context.Background()))
	said := "a wrapper above the pool (github.com/pooledsql/pooled) hides driver.Validator"
	eventually(t, "it is in the log", func() bool { return len(r.log.find(said)) == 1 })
	if got := r.pool.Health(context.Background()); !strings.Contains(got.Message, "2 loans were not ended: "+said) {
		t.Errorf("Health says %q", got.Message)
	}
}

func TestAHandleClosedInALoanThatNobodyEndedCounts(t *testing.T) {
	for _, raw := range []bool{false, true} {
		r := newRig(t, fakedriver.PGX)
		h := r.handle()
		r.must(h.Ping(context.Background()))
		if raw { // the program may answer driver.ErrBadConn from sql.Conn.Raw
			_, err := h.unwrap()
			r.must(err)
		}
		r.must(h.Close())
		if n := r.pool.Stats().Unended; (n == 1) == raw {
			t.Errorf("after Raw %t: %d loans were not ended", raw, n)
		}
	}
}

// TestAPanicInTheBaseFreesTheSlot panics once in every operation of the base
// that a program reaches through a decorator, on a pool of one link, and then
// asks for it again.
func TestAPanicInTheBaseFreesTheSlot(t *testing.T) {
	inTx := func(end func(*sql.Tx) error) func(*rig) error {
		return func(r *rig) error {
			tx, err := r.db.Begin()
			r.must(err)
			defer tx.Rollback() // as programs do; it must not panic in its turn
			return end(tx)
		}
	}
	prepared := func(use func(*sql.Stmt) error) func(*rig) error {
		return func(r *rig) error {
			st, err := r.db.Prepare(read)
			if err != nil {
				return err
			}
			defer st.Close()
			return use(st)
		}
	}
	rows := func(use func(*sql.Rows)) func(*rig) error {
		return func(r *rig) error {
			rows, err := r.db.Query("SELECT sets")
			r.must(err)
			defer rows.Close()
			use(rows)
			return nil
		}
	}
	for _, tt := range []struct {
		op    fakedriver.Op
		shape *fakedriver.Shape
		run   func(*rig) error
	}{
		{fakedriver.Exec, fakedriver.PGX, func(r *rig) error { return r.write(r.db, 1) }},
		{fakedriver.Exec, fakedriver.PGX, inTx(func(tx *sql.Tx) error { _, err := tx.Exec(write, 1, 1); return err })},
		{fakedriver.Query, fakedriver.PGX, func(r *rig) error { return r.read(r.db) }},
		{fakedriver.Ping, fakedriver.PGX, func(r *rig) error { return r.db.Ping() }},
		{fakedriver.Prepare, fakedriver.PGX, prepared(func(*sql.Stmt) error { return nil })},
		{fakedriver.StmtExec, fakedriver.PGX, prepared(func(st *sql.Stmt) error { _, err := st.Exec(); return err })},
		{fakedriver.StmtQuery, fakedriver.PGX, prepared(func(st *sql.Stmt) error { return drain(st.Query()) })},
		{fakedriver.StmtClose, fakedriver.MSSQL, func(r *rig) error { return r.write(r.db, 1) }},
		{fakedriver.Begin, fakedriver.PGX, func(r *rig) error { _, err := r.db.Begin(); return err }},
		{fakedriver.Commit, fakedriver.PGX, inTx((*sql.Tx).Commit)},
		{fakedriver.Rollback, fakedriver.PGX, inTx((*sql.Tx).Rollback)},
		{fakedriver.Next, fakedriver.PGX, rows(func(rows *sql.Rows) { rows.Next() })},
		{fakedriver.NextSet, fakedriver.MySQL, rows(func(rows *sql.Rows) { rows.NextResultSet() })},
		{fakedriver.RowsClose, fakedriver.PGX, rows(func(rows *sql.Rows) { rows.Close() })},
		{fakedriver.Reset, fakedriver.PGX, func(r *rig) error { r.must(r.read(r.db)); return r.read(r.db) }},
		{fakedriver.Valid, fakedriver.MySQL, func(r *rig) error { return r.read(r.db) }},
	} {
		t.Run(string(tt.op), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.shape)
				r.lost = true // what the panic left open ends with the connection
				set := fakedriver.ResultSet{Columns: fakedriver.Plain("n"), Rows: [][]driver.Value{{int64(1)}}}
				r.srv.Answer("SELECT sets", fakedriver.Answer{Sets: []fakedriver.ResultSet{set, set}})
				r.srv.Inject(fakedriver.Fault{Op: tt.op, Panic: "boom"})
				func() {
					defer func() {
						if v := recover(); v != "boom" {
							t.Errorf("recovered %v, want the base's own panic", v)
						}
					}()
					t.Error("no panic: ", tt.run(r))
				}()
				synctest.Wait()
				if n := r.srv.Counts().Conns.Open; n != 0 {
					t.Errorf("%d connections open after the panic", n)
				}
				r.must(r.read(r.db))
				if n := r.srv.Counts().Conns.Made; n != 2 {
					t.Errorf("%d dials, want a second one", n)
				}
			})
		})
	}
}

// A panic of the base under Unwrap, before the program has the link, is no loan
// that a wrapper left open.
func TestAPanicUnderUnwrapHangsTheLinkUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.lost = true
		r.must(r.read(r.db))
		c, err := r.db.Conn(t.Context())
		r.must(err)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Reset, Panic: "boom"})
		func() {
			defer func() { recover() }()
			_ = c.Raw(func(c any) error { _, err := Unwrap(c); return err })
		}()
		synctest.Wait()
		if s := r.pool.Stats(); s.Unended != 0 || s.ClosedBroken != 1 {
			t.Errorf("%d loans not ended, %d links broken; want 0 and 1", s.Unended, s.ClosedBroken)
		}
		r.must(r.read(r.db))
	})
}

func TestRowsOpenAcrossAPanicAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.lost = true
		tx, err := r.db.Begin()
		r.must(err)
		rows, err := tx.Query(read)
		r.must(err)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Panic: "boom"})
		func() {
			defer func() { recover() }()
			r.write(tx, 1)
		}()
		synctest.Wait()
		if rows.Next() {
			t.Error("a row after the link was hung up")
		}
		rows.Close()
		tx.Rollback()
	})
}

func TestAPanicInThePoolsOwnGoroutineIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.lost = true
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Panic: "boom"})
		if err := r.read(r.db); err == nil {
			t.Error("no error from a dial that panicked")
		}
		r.must(r.read(r.db))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Panic: "boom"})
		r.pool.mu.Lock()
		l := r.pool.takeIdleLocked()
		r.pool.keepaliveLocked(l)
		r.pool.mu.Unlock()
		synctest.Wait()
		r.must(r.read(r.db))
	})
}

// The program's deferred Rollback comes to a handle without a transaction: no
// hook is told of it, which would have no context.
func TestARollbackAfterAPanicIsNoStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []QueryInfo
		r := newRig(t, fakedriver.PGX, func(c *Config) {
			c.Hooks.OnQuery = func(i QueryInfo) { seen = append(seen, i) }
		})
		r.lost = true
		tx, err := r.db.Begin()
		r.must(err)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Panic: "boom"})
		func() {
			defer func() { recover() }()
			_ = r.write(tx, 1)
		}()
		r.is(tx.Rollback(), driver.ErrBadConn)
		for _, i := range seen {
			if i.Ctx == nil || i.Statement == rollbackStatement {
				t.Errorf("OnQuery was told of %s with context %v", i.Statement.Operation, i.Ctx)
			}
		}
	})
}

// TestAPanicWhileALinkIsHungUpStillClosesIt, be it in closing a statement that
// it kept.
func TestAPanicWhileALinkIsHungUpStillClosesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.lost = true
		st, err := r.db.Prepare(read)
		r.must(err)
		defer st.Close()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.StmtClose, Panic: "boom"})
		r.pool.Evict()
		synctest.Wait()
		if n := r.srv.Counts().Conns.Open; n != 0 {
			t.Errorf("%d connections left open", n)
		}
	})
}

// TestAfterAPanicNothingMoreIsSaidOnTheLink: it may be in the middle of
// anything, so the statements that it kept are not closed one by one.
func TestAfterAPanicNothingMoreIsSaidOnTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.lost = true
		st, err := r.db.Prepare(read)
		r.must(err)
		defer st.Close()
		r.trace()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Panic: "boom"})
		func() {
			defer func() { recover() }()
			_ = r.write(r.db, 1)
		}()
		synctest.Wait()
		r.saw("1 exec "+write, "1 close")
	})
}

// socketConnector dials a socket in the pool's sight before each connection to
// the pretended server, and leaves it to others to close it.
type socketConnector struct {
	driver.Connector
	addr string
}

func (c socketConnector) Connect(ctx context.Context) (driver.Conn, error) {
	s, err := new(net.Dialer).DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, err
	}
	ObserveConn(ctx, s)
	return c.Connector.Connect(ctx)
}

// TestAPanicLeavesNoSocketBehind neither in a dial nor in a goodbye.
func TestAPanicLeavesNoSocketBehind(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	srv := fakedriver.New(fakedriver.PGX)
	c, err := WrapConnector(socketConnector{srv.Connector(), l.Addr().String()}, func(c *Config) {
		c.Profile, c.MaxConns, c.MinConns, c.Logger = Test, 1, Off, slog.New(slog.DiscardHandler)
	})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	ends := func() {
		t.Helper()
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_ = s.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := s.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the server's side of the socket: %v, want its end", err)
		}
	}
	srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Panic: "boom"})
	if err := db.Ping(); err == nil {
		t.Error("no error from a dial that panicked")
	}
	ends()
	srv.Inject(fakedriver.Fault{Op: fakedriver.Close, Panic: "boom"})
	if err := db.Ping(); err != nil {
		t.Error(err)
	}
	p, _ := From(db)
	p.Evict()
	ends()
}
