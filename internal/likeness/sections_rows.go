package likeness

import (
	"database/sql"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

var rowsSections = []section{
	{"result sets", false, func(r *runner) {
		if r.MultiSet == "" {
			return
		}
		rows, err := r.db.Query(r.MultiSet)
		r.rows("query", rows, err)
		if r.srv != nil {
			st, err := r.db.Prepare(r.MultiSet)
			r.err("prepare", err)
			rows, err = st.Query()
			r.rows("stmt", rows, err)
			r.err("stmt close", st.Close())
		}
		rows, err = r.db.Query(r.MultiSet)
		r.err("skip ahead", err)
		if err != nil {
			return
		}
		r.log("next set", "%t", rows.NextResultSet())
		r.log("columns", "%s", showColumns(rows))
		r.log("next", "%t %s", rows.Next(), showErr(rows.Err()))
		r.err("close", rows.Close())
		_, err = rows.Columns()
		r.err("columns after close", err)
		_, err = rows.ColumnTypes()
		r.err("column types after close", err)
		r.log("next after close", "%t %t", rows.Next(), rows.NextResultSet())
		r.err("scan after close", rows.Scan(new(any)))
	}},
	{"large result", false, func(r *runner) {
		rows, err := r.db.Query(r.Series)
		r.rows("all", rows, err)
		for range 3 {
			rows, err = r.db.Query(r.Series)
			r.err("query", err)
			if err != nil {
				return
			}
			var n int
			for range 3 {
				r.log("next", "%t", rows.Next())
				r.err("scan", rows.Scan(&n))
			}
			r.stats("open", 1)
			r.err("close early", rows.Close())
			r.err("err", rows.Err())
			r.log("read", "%d", n)
			r.stats("closed", 0)
		}
		sum := 0
		rows, _ = r.db.Query(r.Series)
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				r.err("scan", err)
			}
			sum += n
		}
		r.log("sum", "%d %s", sum, showErr(rows.Err()))
	}},
	{"raw bytes", false, func(r *runner) {
		for _, v := range []any{"raw", "", nil} {
			r.db.Exec(r.Insert, "k", v)
			rows, err := r.db.Query(r.Select, "k")
			r.err("query", err)
			if err != nil {
				return
			}
			var raw sql.RawBytes
			for rows.Next() {
				err := rows.Scan(&raw)
				r.log("scan", "%s %s", show(raw), showErr(err))
			}
			r.err("close", rows.Close())
			r.err("query row", r.db.QueryRow(r.Select, "k").Scan(&raw))
			r.db.Exec(r.Delete, "k")
		}
		rows, err := r.db.Query(r.Series)
		r.err("series", err)
		if err != nil {
			return
		}
		var raw sql.RawBytes
		for range 2 {
			rows.Next()
			err := rows.Scan(&raw)
			r.log("number", "%s %s", show(raw), showErr(err))
		}
		r.err("close", rows.Close())
	}},
	{"query row", false, func(r *runner) {
		var n int
		var s []int
		r.err("first of many", r.db.QueryRow(r.Series).Scan(&n))
		r.log("n", "%d", n)
		r.err("none", r.db.QueryRow(r.Select, "nobody").Scan(&n))
		r.err("too many destinations", r.db.QueryRow(r.Series).Scan(&n, &n))
		r.err("no destination", r.db.QueryRow(r.Series).Scan())
		r.err("no pointer", r.db.QueryRow(r.Series).Scan(n))
		r.err("wrong type", r.db.QueryRow(r.Series).Scan(&s))
		r.err("refused", r.db.QueryRow(r.Invalid).Scan(&n))
		r.db.Exec(r.Insert, "k", "not a number")
		r.err("not a number", r.db.QueryRow(r.Select, "k").Scan(&n))
	}},
	{"column types", true, func(r *runner) {
		q := "TYPES"
		set := multiSet.Sets[0]
		set.Rows = nil
		r.srv.Answer(q, fakedriver.Answer{Sets: []fakedriver.ResultSet{set}})
		rows, err := r.db.Query(q)
		r.rows("empty result", rows, err)
		r.srv.Answer(q, fakedriver.Answer{Sets: []fakedriver.ResultSet{{Columns: fakedriver.Plain("a", "b")}}})
		rows, err = r.db.Query(q)
		r.rows("untyped result", rows, err)
		r.srv.Answer(q, fakedriver.Answer{})
		rows, err = r.db.Query(q)
		r.rows("no columns at all", rows, err)
	}},
	{"errors while reading", true, func(r *runner) {
		for _, f := range []fakedriver.Fault{
			{Op: fakedriver.Next, Skip: 2, Err: errBoom},
			{Op: fakedriver.Next, Skip: 2, Err: &fakedriver.Error{Code: "57014", Message: "cancelled"}},
			{Op: fakedriver.RowsClose, Err: errBoom},
			{Op: fakedriver.RowsClose, Err: &fakedriver.Error{Code: "XX001", Message: "late"}},
			{Op: fakedriver.NextSet, Err: errBoom},
			{Op: fakedriver.Next, Skip: 1, Kill: true, Err: errBoom},
		} {
			r.srv.Inject(f)
			label := string(f.Op) + " " + f.Err.Error()
			rows, err := r.db.Query(r.MultiSet)
			r.rows(label, rows, err)
			r.srv.ClearFaults()
			r.srv.Inject(f)
			r.err(label+" query row", r.db.QueryRow(r.Series).Scan(new(int)))
			r.srv.ClearFaults()
			r.stats(label, 0)
		}
	}},
}
