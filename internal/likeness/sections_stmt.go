package likeness

import (
	"database/sql"
	"database/sql/driver"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

var statementSections = []section{
	{"prepared on DB", false, func(r *runner) {
		ins, err := r.db.Prepare(r.Insert)
		r.err("prepare", err)
		sel, err := r.db.Prepare(r.Select)
		r.err("prepare", err)
		for _, k := range []string{"a", "b", "c"} {
			res, err := ins.Exec(k, "value of "+k)
			r.result("insert", res, err)
			rows, err := sel.Query(k)
			r.rows("select", rows, err)
		}
		res, err := ins.Exec("a", "again")
		r.result("duplicate", res, err)
		r.err("query row", sel.QueryRow("nobody").Scan(new(any)))
		r.err("close", ins.Close())
		r.err("close again", ins.Close())
		_, err = ins.Exec("d", "x")
		r.err("use after close", err)
		r.err("close", sel.Close())
		_, err = r.db.Prepare(r.Invalid)
		r.err("prepare what is refused", err)
	}},
	{"a statement over several connections", false, func(r *runner) {
		sel, err := r.db.Prepare(r.Series)
		r.err("prepare", err)
		var open []*sql.Rows
		for range 3 {
			rows, err := sel.Query()
			r.err("query", err)
			r.log("next", "%t", rows.Next())
			open = append(open, rows)
		}
		for _, rows := range open {
			var n int
			r.log("next", "%t", rows.Next())
			r.err("scan", rows.Scan(&n))
			r.log("n", "%d", n)
			r.err("close", rows.Close())
		}
		rows, err := sel.Query()
		r.rows("once more", rows, err)
		r.err("close", sel.Close())
	}},
	{"a statement closed under its rows", false, func(r *runner) {
		sel, err := r.db.Prepare(r.Series)
		r.err("prepare", err)
		rows, err := sel.Query()
		r.err("query", err)
		r.log("next", "%t", rows.Next())
		r.err("close statement", sel.Close())
		r.log("next", "%t %s", rows.Next(), showErr(rows.Err()))
		r.err("close rows", rows.Close())
	}},
	{"prepared on Conn and Tx", false, func(r *runner) {
		c, err := r.db.Conn(bg)
		r.err("conn", err)
		st, err := c.PrepareContext(bg, r.Insert)
		r.err("prepare on conn", err)
		res, err := st.Exec("c", "v")
		r.result("exec", res, err)
		onDB, err := r.db.Prepare(r.Select)
		r.err("prepare on db", err)
		tx, err := c.BeginTx(bg, nil)
		r.err("begin on conn", err)
		inTx := tx.Stmt(onDB)
		rows, err := inTx.Query("c")
		r.rows("statement of db in tx", rows, err)
		rows, err = tx.Stmt(st).Query("x", "y")
		if err == nil {
			rows.Close()
		}
		own, err := tx.Prepare(r.Select)
		r.err("prepare on tx", err)
		rows, err = own.Query("c")
		r.rows("statement of tx", rows, err)
		r.err("commit", tx.Commit())
		_, err = own.Query("c")
		r.err("statement of tx after commit", err)
		_, err = inTx.Query("c")
		r.err("statement of db in tx after commit", err)
		rows, err = onDB.Query("c")
		r.rows("statement of db", rows, err)
		r.err("close conn", c.Close())
		_, err = st.Exec("d", "v")
		r.err("statement of conn after close", err)
		r.err("close statement", st.Close())
		r.err("close statement", onDB.Close())
		tx, err = r.db.Begin()
		r.err("begin", err)
		_, err = tx.Stmt(onDB).Query("c")
		r.err("closed statement in tx", err)
		_, err = tx.Prepare(r.Invalid)
		r.err("prepare what is refused", err)
		r.err("rollback", tx.Rollback())
	}},
	{"a statement of another server", true, func(r *runner) {
		other, srv := r.Open(r.tb)
		defer other.Close()
		srv.Record(false)
		st, err := other.Prepare(r.Select)
		r.err("prepare", err)
		tx, err := r.db.Begin()
		r.err("begin", err)
		_, err = tx.Stmt(st).Query("a")
		r.err("use", err)
		r.err("rollback", tx.Rollback())
		r.err("close", st.Close())
	}},
	{"COPY", true, func(r *runner) {
		// lib/pq prepares it to a statement without contexts.
		tx, err := r.db.Begin()
		r.err("begin", err)
		st, err := tx.Prepare("COPY t FROM STDIN")
		r.err("prepare", err)
		for range 3 {
			res, err := st.Exec()
			r.result("exec", res, err)
		}
		_, err = st.Exec(sql.Named("a", 1))
		r.err("named", err)
		r.err("close", st.Close())
		r.err("commit", tx.Commit())
	}},
	{"statements and lost connections", true, func(r *runner) {
		st, err := r.db.Prepare(r.Series)
		r.err("prepare", err)
		rows, err := st.Query()
		r.rows("query", rows, err)
		r.srv.KillAll()
		rows, err = st.Query()
		r.rows("query after the server restarted", rows, err)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.StmtQuery, Err: driver.ErrBadConn, Kill: true})
		rows, err = st.Query()
		r.rows("query after ErrBadConn", rows, err)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.StmtClose, Err: errBoom})
		r.err("close that fails", st.Close())
		r.srv.ClearFaults()
		r.stats("lost connections", 0)
	}},
}
