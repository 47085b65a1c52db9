package fakedriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
)

// eachShape runs a test over a database of every shape, with the placeholders
// of the shape in place of ?.
func eachShape(t *testing.T, f func(t *testing.T, srv *Server, db *sql.DB, q func(string) string)) {
	for _, shape := range Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			srv := New(shape)
			db := sql.OpenDB(srv.Connector())
			f(t, srv, db, shape.SQL)
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			srv.Check(t)
		})
	}
}

func TestTheTableReadsBackWhatWasStored(t *testing.T) {
	eachShape(t, func(t *testing.T, srv *Server, db *sql.DB, q func(string) string) {
		if _, err := db.Exec(q("INSERT INTO t (k, v) VALUES (?, ?)"), "a", "one"); err != nil {
			t.Fatal(err)
		}
		var e *Error
		if _, err := db.Exec(q("INSERT INTO t (k, v) VALUES (?, ?)"), "a", "two"); !errors.As(err, &e) || e.Code != "23505" {
			t.Fatalf("second insert: %v", err)
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(q("UPDATE t SET v = ? WHERE k = ?"), "three", "a"); err != nil {
			t.Fatal(err)
		}
		var inside, outside string
		if err := tx.QueryRow(q("SELECT v FROM t WHERE k = ?"), "a").Scan(&inside); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRow(q("SELECT v FROM t WHERE k = ?"), "a").Scan(&outside); err != nil {
			t.Fatal(err)
		}
		if inside != "three" || outside != "one" {
			t.Errorf("inside %q, outside %q", inside, outside)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(q("DELETE FROM t WHERE k = ?"), "a"); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := db.QueryRow("SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 0 {
			t.Errorf("count %d, %v", n, err)
		}
	})
}

func TestFaultsHappenWhereAndAsOftenAsTold(t *testing.T) {
	eachShape(t, func(t *testing.T, srv *Server, db *sql.DB, q func(string) string) {
		boom := &Error{Code: "XX000", Message: "boom"}
		srv.Inject(Fault{Op: Begin, Skip: 1, Times: 2, Err: boom})
		for i, want := range []error{nil, boom, boom, nil} {
			tx, err := db.Begin()
			if !errors.Is(err, want) {
				t.Errorf("begin %d: %v, want %v", i, err, want)
			}
			if err == nil {
				tx.Rollback()
			}
		}
		srv.Inject(Fault{Op: Commit, After: true, Kill: true, Err: driver.ErrBadConn})
		tx, _ := db.Begin()
		if _, err := tx.Exec(q("INSERT INTO t (k, v) VALUES (?, ?)"), "k", "v"); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != driver.ErrBadConn {
			t.Errorf("lost commit: %v", err)
		}
		var v string
		if err := db.QueryRow(q("SELECT v FROM t WHERE k = ?"), "k").Scan(&v); err != nil || v != "v" {
			t.Errorf("the commit did not take effect: %q, %v", v, err)
		}
	})
}

func TestABlockedOperationEndsWithItsContextOrTheGate(t *testing.T) {
	srv := New(PGX)
	db := sql.OpenDB(srv.Connector())
	gate := NewGate()
	srv.Inject(Fault{Op: Query, Times: 2, Gate: gate})
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error, 1)
	go func() { _, err := db.QueryContext(ctx, "ECHO"); errs <- err }()
	<-gate.Arrived(1)
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	go func() { errs <- db.QueryRow("SERIES 1").Scan(new(int)) }()
	gate.Step()
	if err := <-errs; err != nil {
		t.Error(err)
	}
	db.Close()
	srv.Check(t)
}

func TestMisuseIsNoticed(t *testing.T) {
	bg := context.Background()
	for name, c := range map[string]struct {
		do   func(*core)
		want string
	}{
		"two at once": {func(c *core) {
			gate, done := NewGate(), make(chan struct{})
			c.srv.Inject(Fault{Op: Ping, Gate: gate})
			go func() { c.ping(bg); close(done) }()
			<-gate.Arrived(1)
			c.exec(bg, "x", nil, false)
			gate.Open()
			<-done
		}, "exec while ping is under way"},
		"after Close": {func(c *core) { c.close(); c.ping(bg) }, "ping after Close"},
		"in another's transaction": {func(c *core) {
			c.begin(As(bg, "ann"), driver.TxOptions{}, false)
			c.exec(As(bg, "bob"), "x", nil, false)
		}, "exec by bob inside the transaction or rows of ann"},
		"in another's rows": {func(c *core) {
			c.query(As(bg, "ann"), "x", nil, false)
			c.query(As(bg, "bob"), "x", nil, false)
		}, "query by bob"},
		"closed statement": {func(c *core) {
			st, _ := c.prepare(bg, "x", false)
			st.Close()
			st.Exec(nil)
		}, "closed statement"},
		"rows closed twice": {func(c *core) {
			rows, _ := c.query(bg, "x", nil, false)
			rows.Close()
			rows.Close()
		}, "rows closed twice"},
		"commit twice": {func(c *core) {
			tx, _ := c.begin(bg, driver.TxOptions{}, false)
			tx.Commit()
			tx.Commit()
		}, "transaction that is over"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := New(MySQL)
			conn, _ := srv.Connector().Connect(bg)
			c.do(conn.(*mysqlConn).connMinimal.core)
			if m := srv.Misuse(); len(m) == 0 || !strings.Contains(m[0], c.want) {
				t.Errorf("noticed %q, want %q", m, c.want)
			}
		})
	}
}

func TestKilledConnectionsAreNoLongerValid(t *testing.T) {
	eachShape(t, func(t *testing.T, srv *Server, db *sql.DB, q func(string) string) {
		if err := db.QueryRow("SERIES 1").Scan(new(int)); err != nil {
			t.Fatal(err)
		}
		srv.KillAll()
		if err := db.QueryRow("SERIES 1").Scan(new(int)); err != nil {
			t.Errorf("database/sql did not dial again: %v", err)
		}
		if n := srv.Counts().Conns.Made; n != 2 {
			t.Errorf("%d connections made, want 2", n)
		}
	})
}

func TestCallsAreRecorded(t *testing.T) {
	srv := New(SQLite)
	db := sql.OpenDB(srv.Connector())
	srv.Record(true)
	db.Exec("SET x = :a", sql.Named("a", []byte("b")))
	db.Close()
	var got []string
	for _, c := range srv.Calls() {
		got = append(got, c.String())
	}
	want := `connect; exec "SET x = :a" 1:a=[]uint8("b"); valid; close`
	if s := strings.Join(got, "; "); s != want {
		t.Errorf("recorded\n\t%s, want\n\t%s", s, want)
	}
}
