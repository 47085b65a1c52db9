package likeness

import (
	"database/sql"
	"slices"
)

func sorted(s []string) []string { slices.Sort(s); return s }

var valueSections = []section{
	{"values through DB.Query", false, func(r *runner) {
		for _, e := range r.Echoes {
			r.try(e.Label, func() {
				rows, err := r.db.QueryContext(bg, e.Query, e.Args...)
				r.rows(e.Label, rows, err)
			})
		}
	}},
	{"values through DB.Exec", true, func(r *runner) {
		for _, e := range r.Echoes {
			r.try(e.Label, func() {
				res, err := r.db.ExecContext(bg, e.Query, e.Args...)
				r.result(e.Label, res, err)
			})
		}
	}},
	{"values through DB.Prepare", false, func(r *runner) {
		for _, e := range r.Echoes {
			r.try(e.Label, func() {
				st, err := r.db.PrepareContext(bg, e.Query)
				if err != nil {
					r.err(e.Label+" prepare", err)
					return
				}
				defer st.Close()
				rows, err := st.QueryContext(bg, e.Args...)
				r.rows(e.Label, rows, err)
				if r.srv != nil {
					res, err := st.ExecContext(bg, e.Args...)
					r.result(e.Label+" exec", res, err)
				}
			})
		}
	}},
	{"values through Tx and Conn", false, func(r *runner) {
		for _, e := range r.Echoes {
			if e.Label == "panicking valuer" {
				continue // the lock of sql.Tx would never be given back
			}
			tx, err := r.db.Begin()
			r.err(e.Label+" begin", err)
			rows, err := tx.Query(e.Query, e.Args...)
			r.rows(e.Label+" tx", rows, err)
			r.err(e.Label+" rollback", tx.Rollback())
			c, err := r.db.Conn(bg)
			r.err(e.Label+" conn", err)
			rows, err = c.QueryContext(bg, e.Query, e.Args...)
			r.rows(e.Label+" conn", rows, err)
			r.err(e.Label+" conn close", c.Close())
		}
	}},
	{"values scanned", false, func(r *runner) {
		for _, e := range r.Echoes {
			if e.Label == "panicking valuer" || len(e.Args) != 1 {
				continue
			}
			var (
				s   string
				b   []byte
				n   int64
				f   float64
				ns  sql.NullString
				ptr *string
				ok  bool
				ns8 sql.Null[int8]
				sl  []int64
			)
			for _, d := range []any{&s, &b, &n, &f, &ns, &ptr, &ok, &ns8, &sl, nil} {
				err := r.db.QueryRow(e.Query, e.Args...).Scan(d)
				r.err(e.Label, err)
			}
			if ptr != nil {
				s += "+" + *ptr
			}
			r.log(e.Label+" scanned", "%q %q %d %v %v %t %v %v", s, b, n, f, ns, ok, ns8, sl)
		}
	}},
	{"a slice through the rows", true, func(r *runner) {
		// Only rows that scan for themselves (Go 1.27) can do this.
		var sl []int64
		err := r.db.QueryRow(r.Bind("ECHO ?"), []int64{1, 2}).Scan(&sl)
		r.log("slice", "%v %s", sl, showErr(err))
	}},
	{"stored and read back", false, func(r *runner) {
		for _, v := range []any{"text", "", nil} {
			res, err := r.db.Exec(r.Insert, "k", v)
			r.result("insert", res, err)
			rows, err := r.db.Query(r.Select, "k")
			r.rows("select", rows, err)
			res, err = r.db.Exec(r.Insert, "k", v)
			r.result("insert again", res, err)
			res, err = r.db.Exec(r.Update, "other", "k")
			r.result("update", res, err)
			res, err = r.db.Exec(r.Update, "other", "nobody")
			r.result("update nothing", res, err)
			var s sql.NullString
			r.err("scan", r.db.QueryRow(r.Select, "k").Scan(&s))
			r.log("scanned", "%v", s)
			res, err = r.db.Exec(r.Delete, "k")
			r.result("delete", res, err)
			r.err("scan nothing", r.db.QueryRow(r.Select, "k").Scan(&s))
		}
	}},
}
