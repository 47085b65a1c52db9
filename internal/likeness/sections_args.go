package likeness

import "database/sql"

var argumentSections = []section{
	{"argument counts", false, func(r *runner) {
		st, err := r.db.Prepare(r.Insert)
		r.err("prepare", err)
		if err != nil {
			return
		}
		defer st.Close()
		for _, args := range [][]any{{}, {"a"}, {"a", "b", "c"}, {"a", "b"}} {
			res, err := st.Exec(args...)
			r.result("stmt", res, err)
			if len(args) == 2 {
				r.db.Exec(r.Delete, "a")
			} else { // a second insert of the key is not what is meant here
				rows, err := st.Query(args...)
				r.rows("stmt query", rows, err)
			}
			res, err = r.db.Exec(r.Insert, args...)
			r.result("db", res, err)
			r.err("db query row", r.db.QueryRow(r.Select, args...).Scan(new(any)))
		}
		rows, err := r.db.Query(r.Series, 1)
		r.rows("one too many", rows, err)
	}},
	{"argument names", false, func(r *runner) {
		for _, name := range []string{"", "a", "1a", "\u00e4", "-"} {
			rows, err := r.db.Query(r.Select, sql.Named(name, "x"))
			r.rows("named "+name, rows, err)
			st, err := r.db.Prepare(r.Select)
			r.err("prepare", err)
			if err == nil {
				rows, err = st.Query(sql.Named(name, "x"))
				r.rows("stmt named "+name, rows, err)
				st.Close()
			}
		}
	}},
	{"arguments in a transaction's statement", true, func(r *runner) {
		for _, e := range r.Echoes {
			if e.Label == "panicking valuer" {
				continue
			}
			tx, err := r.db.Begin()
			r.err("begin", err)
			st, err := tx.Prepare(e.Query)
			r.err("prepare", err)
			rows, err := st.Query(e.Args...)
			r.rows(e.Label, rows, err)
			r.err("stmt close", st.Close())
			r.err("commit", tx.Commit())
		}
	}},
}
