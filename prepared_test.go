package pooled

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

var (
	postgres = dialect(&testDialect{})
	mysql    = dialect(&testDialect{prepares: Prepares{Plain: true, KeepUnused: true}})
)

func (r *rig) prepare(u user, query string) *sql.Stmt {
	r.Helper()
	st, err := u.PrepareContext(context.Background(), query)
	r.must(err)
	return st
}

func TestAStatementFindsItsTwinOnEveryLoan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, postgres)
		st := r.prepare(r.db, read)
		defer st.Close()
		for range 3 {
			r.must(drain(st.Query()))
			c := r.hold() // takes the link out of the statement's handle
			r.must(c.Close())
		}
		for _, call := range r.srv.Calls() {
			if call.Op == fakedriver.StmtClose {
				t.Error(call)
			}
		}
		if n := r.srv.Counts().Stmts.Made; n != 1 {
			t.Errorf("prepared %d times", n)
		}
	})
}

func TestTwinsAreForgottenWhenTheyMayMeanSomethingElse(t *testing.T) {
	for name, change := range map[string]func(*rig, *sql.Conn) error{
		"USE": func(r *rig, c *sql.Conn) error {
			_, err := c.ExecContext(context.Background(), "USE other")
			return err
		},
		"SET": func(r *rig, c *sql.Conn) error {
			_, err := c.ExecContext(context.Background(), "SET search_path = $1", "x")
			return err
		},
		"unknown": func(r *rig, c *sql.Conn) error {
			_, err := c.ExecContext(context.Background(), "FROBNICATE")
			return err
		},
		"CALL": func(r *rig, c *sql.Conn) error { _, err := c.ExecContext(context.Background(), "CALL p()"); return err },
		"Raw": func(r *rig, c *sql.Conn) error {
			return c.Raw(func(dc any) error { _, err := Unwrap(dc); return err })
		},
	} {
		for which, opt := range map[string]Option{"postgres": postgres, "mysql": mysql} {
			t.Run(name+"/"+which, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, fakedriver.PGX, opt)
					c := r.hold()
					defer c.Close()
					st := r.prepare(c, read)
					defer st.Close()
					r.must(drain(st.Query()))
					r.must(change(r, c))
					r.srv.Calls()
					r.must(drain(st.Query()))
					r.saw("1 stmt.close "+read, "1 prepare "+read, "1 stmt.query "+read)
				})
			})
		}
	}
}

func TestATwinOutlivesItsStatementOnlyWhereTheServerKeepsItRight(t *testing.T) {
	for _, tt := range []struct {
		name     string
		opt      Option
		prepares int64
	}{{"postgres", postgres, 2}, {"mysql", mysql, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, tt.opt)
				for range 2 {
					st := r.prepare(r.db, read)
					r.must(drain(st.Query()))
					st.Close() // after the loan
				}
				if n := r.srv.Counts().Stmts.Made; n != tt.prepares {
					t.Errorf("prepared %d times, want %d", n, tt.prepares)
				}
			})
		})
	}
}

func TestTwoStatementsWithOneTextShareATwin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, postgres)
		a := r.prepare(r.db, read)
		b := r.prepare(r.db, read)
		r.must(drain(a.Query()))
		a.Close()
		r.must(drain(b.Query()))
		b.Close()
		if n := r.srv.Counts().Stmts.Made; n != 1 {
			t.Errorf("prepared %d times", n)
		}
	})
}

func TestRowsPinTheirTwin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, postgres, func(c *Config) { c.StatementCacheSize = 1 })
		c := r.hold()
		defer c.Close()
		st := r.prepare(c, read)
		rows, err := st.Query()
		r.must(err)
		r.srv.Calls()
		st.Close()                        // the last one with the text
		other := r.prepare(c, "SELECT 2") // no room for both
		r.must(r.pool.Resize(1, 1))       // whatever happens meanwhile
		r.saw("1 prepare SELECT 2")       // nothing was closed under the rows
		for rows.Next() {
		}
		rows.Close()
		r.saw("1 stmt.close " + read)
		other.Close()
	})
}

func TestTheCacheKeepsTheMostRecentlyUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.MySQL, mysql, func(c *Config) { c.StatementCacheSize = 3 })
		query := func(i int) {
			r.must(drain(r.db.Query(fmt.Sprintf("SELECT %d, ?", i), i)))
		}
		for _, i := range []int{1, 2, 3, 1, 4} {
			query(i)
		}
		if n := r.srv.Counts().Stmts; n.Open != 3 || n.Peak > 4 {
			t.Errorf("statements %+v, want 3 open", n)
		}
		r.srv.Calls()
		query(1)
		r.saw("1 stmt.query SELECT 1, ?") // used after 2, which went
		query(2)
		if n := r.srv.Counts().Stmts.Made; n != 5 {
			t.Errorf("%d statements prepared, want 5", n)
		}
	})
}

func TestPlainQueriesUseTheCacheOnlyWhereItSavesATrip(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shape *fakedriver.Shape
		opts  []Option
		want  int64
	}{
		{"mysql", fakedriver.MySQL, []Option{mysql}, 1},
		{"mysql, cache off", fakedriver.MySQL, []Option{mysql, func(c *Config) { c.StatementCacheSize = Off }}, 3},
		{"postgres", fakedriver.PGX, []Option{postgres}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.shape, tt.opts...)
				for i := range 3 {
					r.must(drain(r.db.Query(tt.shape.SQL("SELECT v FROM t WHERE k = ?"), i)))
				}
				if n := r.srv.Counts().Stmts.Made; n != tt.want {
					t.Errorf("prepared %d times, want %d", n, tt.want)
				}
			})
		})
	}
}

func TestWithTheCacheOffStatementsRunAsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, postgres, func(c *Config) { c.StatementCacheSize = Off })
		st := r.prepare(r.db, read)
		r.must(drain(st.Query()))
		st.Close()
		r.saw("1 connect", "1 query "+read)
	})
}

func TestAStaleStatementIsPreparedAgain(t *testing.T) {
	stale := &fakedriver.Error{Code: "0A000", Message: "cached plan must not change result type"}
	t.Run("outside a transaction", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, postgres)
			st := r.prepare(r.db, write)
			defer st.Close()
			r.srv.Calls()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.StmtExec, Err: stale})
			_, err := st.Exec(1, 1)
			r.must(err)
			r.saw("1 stmt.exec "+write, "1 stmt.close "+write, "1 prepare "+write, "1 stmt.exec "+write)
		})
	})
	t.Run("once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, postgres)
			st := r.prepare(r.db, read)
			defer st.Close()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.StmtQuery, Times: 2, Err: stale})
			r.is(drain(st.Query()), stale)
		})
	})
	t.Run("not in a transaction, which has failed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, postgres)
			tx, err := r.db.Begin()
			r.must(err)
			st := r.prepare(tx, read)
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.StmtQuery, Err: stale})
			r.is(drain(st.Query()), stale)
			r.must(tx.Rollback())
		})
	})
	t.Run("not in a transaction begun by text", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, postgres)
			c := r.hold()
			defer c.Close()
			_, err := c.ExecContext(context.Background(), "BEGIN")
			r.must(err)
			st, err := c.PrepareContext(context.Background(), read)
			r.must(err)
			defer st.Close()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.StmtQuery, Err: stale})
			r.is(drain(st.Query()), stale)
		})
	})
}

// Others' goodbyes may take as long as they like.
func TestWhoMakesRoomForAStatementWaitsNoLongerThanItsContext(t *testing.T) {
	full := &fakedriver.Error{Code: "1461", Message: "max_prepared_stmt_count"}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.MySQL, conns(0, 2), mysql)
		slow, c := r.hold(), r.hold()
		r.must(r.read(slow))
		r.must(r.read(c))
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Close, Gate: gate})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Prepare, Times: -1, Err: full})
		slow.Close()
		start := time.Now()
		_, err := c.QueryContext(after(t, time.Second), "SELECT 9, ?", 9)
		if took := time.Since(start); err == nil || took > time.Second {
			t.Errorf("%v after %v", err, took)
		}
		r.srv.ClearFaults()
		gate.Open()
		c.Close()
	})
}

func TestTooManyStatementsShrinkTheCache(t *testing.T) {
	full := &fakedriver.Error{Code: "1461", Message: "max_prepared_stmt_count"}
	for times, wantCap := range map[int]int{1: 4, 2: 2} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.MySQL, conns(0, 2), mysql, func(c *Config) { c.StatementCacheSize = 8 })
			idle := r.hold()
			for i := range 8 {
				r.must(drain(r.db.Query(fmt.Sprintf("SELECT %d, ?", i), i)))
			}
			r.must(drain(idle.QueryContext(context.Background(), "SELECT 0, ?", 0)))
			c := r.hold()
			idle.Close()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Prepare, Times: times, Err: full})
			r.must(drain(c.QueryContext(context.Background(), "SELECT 9, ?", 9)))
			synctest.Wait()
			if n := r.pool.statementCap(); n != wantCap {
				t.Errorf("cache of %d, want %d", n, wantCap)
			}
			if n, want := r.srv.Counts().Stmts.Open, int64(3-times); n != want {
				t.Errorf("%d statements open, want %d", n, want)
			}
			c.Close()
		})
	}
}
