package likeness

import (
	"context"
	"database/sql"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

var txSections = []section{
	{"transactions", false, func(r *runner) {
		tx, err := r.db.Begin()
		r.err("begin", err)
		res, err := tx.Exec(r.Insert, "k", "v")
		r.result("insert", res, err)
		rows, err := tx.Query(r.Select, "k")
		r.rows("select inside", rows, err)
		r.err("rollback", tx.Rollback())
		r.err("scan after rollback", r.db.QueryRow(r.Select, "k").Scan(new(any)))
		r.err("rollback again", tx.Rollback())
		r.err("commit after rollback", tx.Commit())
		_, err = tx.Exec(r.Delete, "k")
		r.err("exec after rollback", err)
		_, err = tx.Query(r.Select, "k")
		r.err("query after rollback", err)
		_, err = tx.Prepare(r.Select)
		r.err("prepare after rollback", err)
		tx, err = r.db.Begin()
		r.err("begin", err)
		res, err = tx.Exec(r.Insert, "k", "v")
		r.result("insert", res, err)
		r.err("commit", tx.Commit())
		rows, err = r.db.Query(r.Select, "k")
		r.rows("select after commit", rows, err)
		r.err("commit again", tx.Commit())
		r.stats("after", 0)
	}},
	{"transaction options", false, func(r *runner) {
		for level := sql.LevelDefault; level <= sql.LevelLinearizable; level++ {
			for _, ro := range []bool{false, true} {
				label := level.String()
				if ro {
					label += " read-only"
				}
				tx, err := r.db.BeginTx(bg, &sql.TxOptions{Isolation: level, ReadOnly: ro})
				r.err(label, err)
				if err != nil {
					continue
				}
				rows, err := tx.Query(r.Select, "k")
				r.rows(label+" select", rows, err)
				_, err = tx.Exec(r.Delete, "k")
				r.err(label+" write", err)
				r.err(label+" end", tx.Rollback())
			}
		}
		tx, err := r.db.BeginTx(bg, &sql.TxOptions{Isolation: 99})
		r.err("unknown level", err)
		if err == nil {
			r.err("unknown level end", tx.Rollback())
		}
		r.stats("after", 0)
	}},
	{"cancelled transactions", false, func(r *runner) {
		for range 3 {
			ctx, cancel := context.WithCancel(bg)
			tx, err := r.db.BeginTx(ctx, nil)
			r.err("begin", err)
			res, err := tx.Exec(r.Insert, "k", "v")
			r.result("insert", res, err)
			cancel()
			r.stats("cancelled", 0)
			r.err("commit", tx.Commit())
			r.err("rollback", tx.Rollback())
			_, err = tx.Exec(r.Insert, "l", "v")
			r.err("exec", err)
			r.err("rolled back", r.db.QueryRow(r.Select, "k").Scan(new(any)))
		}
		ctx, cancel := context.WithCancel(bg)
		cancel()
		_, err := r.db.BeginTx(ctx, nil)
		r.err("begin with an ended context", err)
	}},
	{"cancelled transaction with rows open", false, func(r *runner) {
		ctx, cancel := context.WithCancel(bg)
		tx, err := r.db.BeginTx(ctx, nil)
		r.err("begin", err)
		rows, err := tx.Query(r.Series)
		r.err("query", err)
		r.log("next", "%t", rows.Next())
		cancel()
		r.stats("cancelled", 0)
		r.log("next", "%t %s", rows.Next(), showErr(rows.Err()))
		r.err("close", rows.Close())
		r.err("commit", tx.Commit())
	}},
	{"errors in transactions", true, func(r *runner) {
		for _, f := range []fakedriver.Fault{
			{Op: fakedriver.Begin, Err: errBoom},
			{Op: fakedriver.Commit, Err: &fakedriver.Error{Code: "40001", Message: "serialization failure"}},
			{Op: fakedriver.Commit, After: true, Err: errBoom},
			{Op: fakedriver.Rollback, Err: errBoom},
			{Op: fakedriver.Rollback, Kill: true, Err: errBoom},
		} {
			r.srv.Inject(f)
			label := string(f.Op)
			tx, err := r.db.Begin()
			r.err(label+" begin", err)
			if err == nil {
				_, err = tx.Exec(r.Insert, "k", "v")
				r.err(label+" exec", err)
				if f.Op == fakedriver.Commit {
					r.err(label, tx.Commit())
				} else {
					r.err(label, tx.Rollback())
				}
			}
			r.srv.ClearFaults()
			rows, err := r.db.Query(r.Select, "k")
			r.rows(label+" after", rows, err)
			r.db.Exec(r.Delete, "k")
			r.stats(label, 0)
		}
	}},
	{"connection lost in a transaction", true, func(r *runner) {
		tx, err := r.db.Begin()
		r.err("begin", err)
		_, err = tx.Exec(r.Insert, "k", "v")
		r.err("insert", err)
		r.srv.KillAll()
		_, err = tx.Exec(r.Insert, "l", "v")
		r.err("insert on the lost connection", err)
		_, err = tx.Query(r.Select, "k")
		r.err("select on the lost connection", err)
		r.err("commit", tx.Commit())
		r.err("nothing was written", r.db.QueryRow(r.Select, "k").Scan(new(any)))
		r.stats("after", 0)
	}},
}
