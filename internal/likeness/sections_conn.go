package likeness

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

var connSections = []section{
	{"Ping", false, func(r *runner) {
		r.err("ping", r.db.Ping())
		r.err("ping again", r.db.PingContext(bg))
		c, err := r.db.Conn(bg)
		r.err("conn", err)
		r.err("conn ping", c.PingContext(bg))
		r.err("close", c.Close())
		r.err("ping of a closed conn", c.PingContext(bg))
		if r.srv == nil {
			return
		}
		for _, err := range []error{errBoom, &fakedriver.Error{Code: "57P03", Message: "starting up"}, driver.ErrBadConn} {
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Err: err})
			r.err("ping that fails", r.db.Ping())
			r.srv.ClearFaults()
			r.stats("ping that fails", 0)
		}
	}},
	{"Conn", false, func(r *runner) {
		c, err := r.db.Conn(bg)
		r.err("conn", err)
		if r.srv != nil {
			for _, q := range []string{"SET a = ?", "SET b = ?"} {
				res, err := c.ExecContext(bg, r.Bind(q), q)
				r.result("set", res, err)
			}
			rows, err := c.QueryContext(bg, "SHOW a")
			r.rows("show", rows, err)
			rows, err = c.QueryContext(bg, "SHOW b")
			r.rows("show", rows, err)
		}
		res, err := c.ExecContext(bg, r.Insert, "k", "v")
		r.result("exec", res, err)
		r.err("query row", c.QueryRowContext(bg, r.Select, "k").Scan(new(any)))
		tx, err := c.BeginTx(bg, nil)
		r.err("begin", err)
		_, err = tx.Exec(r.Delete, "k")
		r.err("delete", err)
		r.err("rollback", tx.Rollback())
		r.err("query row", c.QueryRowContext(bg, r.Select, "k").Scan(new(any)))
		r.stats("in use", 1)
		r.err("close", c.Close())
		r.err("close again", c.Close())
		_, err = c.ExecContext(bg, r.Delete, "k")
		r.err("exec after close", err)
		_, err = c.QueryContext(bg, r.Select, "k")
		r.err("query after close", err)
		_, err = c.BeginTx(bg, nil)
		r.err("begin after close", err)
		_, err = c.PrepareContext(bg, r.Select)
		r.err("prepare after close", err)
		r.err("raw after close", c.Raw(func(any) error { return nil }))
		r.stats("closed", 0)
	}},
	{"Raw", false, func(r *runner) {
		c, err := r.db.Conn(bg)
		r.err("conn", err)
		r.err("raw", c.Raw(func(dc any) error {
			base, err := r.Unwrap(dc)
			r.log("unwrap", "%T %s", base, showErr(err))
			if err != nil {
				return err
			}
			st, err := base.Prepare(r.Series)
			r.err("prepare on the base", err)
			if err == nil {
				r.log("placeholders", "%d", st.NumInput())
				r.err("close", st.Close())
			}
			return nil
		}))
		r.err("raw with an error", c.Raw(func(any) error { return errBoom }))
		rows, err := c.QueryContext(bg, r.Select, "k")
		r.rows("query after raw", rows, err)
		r.err("raw with ErrBadConn", c.Raw(func(any) error { return driver.ErrBadConn }))
		_, err = c.QueryContext(bg, r.Select, "k")
		r.err("query after ErrBadConn", err)
		r.err("close", c.Close())
		c, err = r.db.Conn(bg)
		r.err("conn", err)
		r.try("raw that panics", func() { c.Raw(func(any) error { panic("raw") }) })
		r.err("ping after the panic", c.PingContext(bg))
		r.err("close", c.Close())
		r.stats("after", 0)
	}},
	{"limits", false, func(r *runner) {
		r.db.SetMaxOpenConns(1)
		rows, err := r.db.Query(r.Series)
		r.err("query", err)
		ctx, cancel := context.WithCancel(bg)
		go func() {
			r.settle(func() bool { return r.db.Stats().WaitCount == 1 })
			cancel()
		}()
		_, err = r.db.QueryContext(ctx, r.Series)
		r.err("a second query gives up", err)
		r.err("close", rows.Close())
		r.err("ping", r.db.Ping())
		r.stats("after", 0)
		r.db.SetMaxIdleConns(-1)
		r.stats("nothing idle", 0)
		rows, err = r.db.Query(r.Select, "k")
		r.rows("select", rows, err)
		r.stats("nothing idle", 0)
	}},
	{"many at once", false, func(r *runner) {
		r.unordered = true
		r.db.SetMaxOpenConns(4)
		const n = 16
		answers := make(chan string, n)
		for range n {
			go func() {
				rows, err := r.db.Query(r.Series)
				answers <- showRows(rows, err)
			}()
		}
		for range n {
			r.log("answer", "%s", <-answers)
		}
		r.settle(func() bool { return r.db.Stats().InUse == 0 })
		r.db.SetMaxIdleConns(-1)
		r.log("in use", "%d of at most %d", r.db.Stats().InUse, r.db.Stats().MaxOpenConnections)
	}},
	{"errors of statements", false, func(r *runner) {
		res, err := r.db.Exec(r.Invalid)
		r.result("exec", res, err)
		rows, err := r.db.Query(r.Invalid)
		r.rows("query", rows, err)
		tx, err := r.db.Begin()
		r.err("begin", err)
		res, err = tx.Exec(r.Invalid)
		r.result("exec in tx", res, err)
		r.err("rollback", tx.Rollback())
		st, err := r.db.Prepare(r.Invalid)
		r.err("prepare", err)
		if err == nil {
			res, err = st.Exec()
			r.result("stmt exec", res, err)
			r.err("stmt close", st.Close())
		}
		r.stats("after", 0)
	}},
	{"results without counts", true, func(r *runner) {
		for i, res := range []driver.Result{driver.ResultNoRows, driver.RowsAffected(300), oddResult{}} {
			q := fmt.Sprintf("result %d", i)
			r.srv.Answer(q, fakedriver.Answer{Result: res})
			got, err := r.db.Exec(q)
			r.result(q, got, err)
		}
	}},
}

// oddResult has errors of its own.
type oddResult struct{}

func (oddResult) LastInsertId() (int64, error) { return 0, errBoom }
func (oddResult) RowsAffected() (int64, error) {
	return 0, &fakedriver.Error{Code: "0A000", Message: "not supported"}
}
