package likeness

import (
	"database/sql/driver"
	"fmt"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// faultOps are the positions in which something may go wrong.
var faultOps = []fakedriver.Op{
	fakedriver.Connect, fakedriver.Ping, fakedriver.Reset, fakedriver.Valid, fakedriver.Prepare, fakedriver.Exec,
	fakedriver.Query, fakedriver.StmtExec, fakedriver.StmtQuery, fakedriver.StmtClose, fakedriver.Begin, fakedriver.Commit,
	fakedriver.Rollback, fakedriver.Next, fakedriver.RowsClose, fakedriver.Close,
}

// program is a little of everything; it logs every error on the way.
func program(r *runner, label string) {
	r.err(label+": ping", r.db.Ping())
	res, err := r.db.Exec(r.Insert, label, "v")
	r.result(label+": exec", res, err)
	rows, err := r.db.Query(r.Select, label)
	r.rows(label+": query", rows, err)
	rows, err = r.db.Query("SERIES 2")
	r.rows(label+": series", rows, err)
	if st, err := r.db.Prepare(r.Update); err != nil {
		r.err(label+": prepare", err)
	} else {
		res, err := st.Exec("w", label)
		r.result(label+": stmt", res, err)
		r.err(label+": stmt close", st.Close())
	}
	for _, commit := range []bool{true, false} {
		tx, err := r.db.Begin()
		if err != nil {
			r.err(label+": begin", err)
			continue
		}
		res, err := tx.Exec(r.Delete, label)
		r.result(label+": tx exec", res, err)
		if commit {
			r.err(label+": commit", tx.Commit())
		} else {
			r.err(label+": rollback", tx.Rollback())
		}
	}
	r.stats(label, 0)
}

var faultSections = []section{
	{"ErrBadConn", true, func(r *runner) {
		for _, op := range faultOps {
			for _, times := range []int{1, 2, 3, -1} {
				label := fmt.Sprintf("%s %d times", op, times)
				r.srv.Inject(fakedriver.Fault{Op: op, Times: times, Err: driver.ErrBadConn})
				program(r, label)
				r.srv.ClearFaults()
			}
		}
	}},
	{"first dial", true, func(r *runner) {
		for _, err := range []error{driver.ErrBadConn, errBoom} {
			for _, times := range []int{1, 2, 3, -1} {
				db, srv := r.Open(r.tb)
				srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: times, Err: err})
				r.err(fmt.Sprintf("%v %d times", err, times), db.Ping())
				db.Close()
			}
		}
	}},
	{"connection breaks", true, func(r *runner) {
		for _, op := range faultOps {
			for _, after := range []bool{false, true} {
				label := fmt.Sprintf("%s after %t", op, after)
				r.srv.Inject(fakedriver.Fault{Op: op, After: after, Kill: true, Err: errBoom})
				program(r, label)
				r.srv.ClearFaults()
			}
		}
	}},
	{"typed errors", true, func(r *runner) {
		for _, op := range faultOps {
			wrapped := fmt.Errorf("while testing: %w", &fakedriver.Error{Code: "XX000", Message: "typed", Wrapped: errBoom})
			r.srv.Inject(fakedriver.Fault{Op: op, Err: wrapped})
			program(r, string(op))
			r.srv.ClearFaults()
		}
	}},
	{"ErrSkip", true, func(r *runner) {
		// Only from Exec and Query of a connection does it mean anything.
		for _, op := range []fakedriver.Op{fakedriver.Exec, fakedriver.Query, fakedriver.StmtExec, fakedriver.Begin, fakedriver.Ping} {
			r.srv.Inject(fakedriver.Fault{Op: op, Err: driver.ErrSkip})
			program(r, string(op))
			r.srv.ClearFaults()
		}
	}},
	{"panics", true, func(r *runner) {
		for _, op := range []fakedriver.Op{fakedriver.Exec, fakedriver.StmtExec, fakedriver.Query, fakedriver.StmtQuery, fakedriver.Prepare, fakedriver.Begin, fakedriver.Ping} {
			// One panic for each way to it; what comes after it must go on.
			r.srv.Inject(fakedriver.Fault{Op: op, Panic: "panic in " + string(op)})
			r.try(string(op)+" exec", func() { _, err := r.db.Exec(r.Insert, string(op), "v"); r.err("exec", err) })
			r.try(string(op)+" query", func() { r.err("query", r.db.QueryRow(r.Select, string(op)).Scan(new(any))) })
			r.try(string(op)+" begin", func() {
				tx, err := r.db.Begin()
				r.err("begin", err)
				if err == nil {
					r.err("rollback", tx.Rollback())
				}
			})
			r.try(string(op)+" ping", func() { r.err("ping", r.db.Ping()) })
			r.srv.ClearFaults()
			r.err("and then", r.db.QueryRow("SERIES 1").Scan(new(int)))
		}
	}},
}
