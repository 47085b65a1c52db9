package likeness

import (
	"context"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

var cancelSections = []section{
	{"cancelled before", false, func(r *runner) {
		st, err := r.db.Prepare(r.Select)
		r.err("prepare", err)
		c, err := r.db.Conn(bg)
		r.err("conn", err)
		ended, cancel := context.WithCancel(bg)
		cancel()
		late, cancel := context.WithDeadline(bg, time.Now().Add(-time.Second))
		defer cancel()
		for i, ctx := range []context.Context{ended, late} {
			name := []string{"cancelled", "late"}[i]
			_, err := r.db.ExecContext(ctx, r.Insert, "k", "v")
			r.err(name+" exec", err)
			_, err = r.db.QueryContext(ctx, r.Select, "k")
			r.err(name+" query", err)
			_, err = r.db.PrepareContext(ctx, r.Select)
			r.err(name+" prepare", err)
			_, err = r.db.BeginTx(ctx, nil)
			r.err(name+" begin", err)
			_, err = r.db.Conn(ctx)
			r.err(name+" conn", err)
			r.err(name+" ping", r.db.PingContext(ctx))
			_, err = st.QueryContext(ctx, "k")
			r.err(name+" stmt", err)
			tx, err := r.db.Begin()
			r.err(name+" tx", err)
			_, err = tx.ExecContext(ctx, r.Insert, "k", "v")
			r.err(name+" tx exec", err)
			r.err(name+" tx rollback", tx.Rollback())
			// A held connection passes the ended context on to the driver.
			_, err = c.ExecContext(ctx, r.Insert, "k", "v")
			r.err(name+" conn exec", err)
			_, err = c.QueryContext(ctx, r.Select, "k")
			r.err(name+" conn query", err)
			_, err = c.PrepareContext(ctx, r.Select)
			r.err(name+" conn prepare", err)
			_, err = c.BeginTx(ctx, nil)
			r.err(name+" conn begin", err)
			r.err(name+" conn ping", c.PingContext(ctx))
		}
		r.err("nothing was written", r.db.QueryRow(r.Select, "k").Scan(new(any)))
		r.err("conn close", c.Close())
		r.err("stmt close", st.Close())
	}},
	{"cancelled during", true, func(r *runner) {
		st, err := r.db.Prepare(r.Insert)
		r.err("prepare", err)
		for _, f := range []struct {
			label string
			ops   []fakedriver.Op
			needs []string // interfaces without which the context is looked at only afterwards
			do    func(ctx context.Context) error
		}{
			{"exec", []fakedriver.Op{fakedriver.Exec, fakedriver.StmtExec}, []string{"StmtExecContext"}, func(ctx context.Context) error {
				_, err := r.db.ExecContext(ctx, r.Insert, "k", "v")
				return err
			}},
			{"query", []fakedriver.Op{fakedriver.Query, fakedriver.StmtQuery}, []string{"StmtQueryContext"}, func(ctx context.Context) error {
				_, err := r.db.QueryContext(ctx, r.Select, "k")
				return err
			}},
			{"prepare", []fakedriver.Op{fakedriver.Prepare}, []string{"ConnPrepareContext"}, func(ctx context.Context) error {
				_, err := r.db.PrepareContext(ctx, r.Update)
				return err
			}},
			{"begin", []fakedriver.Op{fakedriver.Begin}, []string{"ConnBeginTx"}, func(ctx context.Context) error {
				_, err := r.db.BeginTx(ctx, nil)
				return err
			}},
			{"stmt", []fakedriver.Op{fakedriver.StmtExec}, []string{"StmtExecContext"}, func(ctx context.Context) error {
				_, err := st.ExecContext(ctx, "l", "v")
				return err
			}},
			{"ping", []fakedriver.Op{fakedriver.Ping}, []string{"Pinger"}, func(ctx context.Context) error { return r.db.PingContext(ctx) }},
		} {
			if f.label == "ping" && !r.has("Pinger") {
				continue // nothing is asked that could stand at the gate
			}
			gate := fakedriver.NewGate()
			for _, op := range f.ops {
				r.srv.Inject(fakedriver.Fault{Op: op, Gate: gate})
			}
			ctx, cancel := context.WithCancel(bg)
			done := make(chan error, 1)
			go func() { done <- f.do(ctx) }()
			select {
			case <-gate.Arrived(1):
			case <-time.After(r.Patience):
				r.log(f.label+" reaches the driver", "false")
			}
			cancel()
			for _, n := range f.needs {
				if !r.has(n) {
					gate.Open()
				}
			}
			select {
			case err = <-done:
				r.err(f.label, err)
			case <-time.After(r.Patience):
				r.log(f.label, "goes on although its context has ended")
			}
			gate.Open()
			r.srv.ClearFaults()
			r.stats(f.label, 0)
			rows, err := r.db.Query(r.Select, "k")
			r.rows(f.label+" and then", rows, err)
			r.db.Exec(r.Delete, "k")
			r.db.Exec(r.Delete, "l")
		}
		r.err("close", st.Close())
	}},
	{"cancelled while it runs", false, func(r *runner) {
		if r.Slow == "" {
			return
		}
		for range 2 {
			ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
			rows, err := r.db.QueryContext(ctx, r.Slow)
			if err == nil { // some servers begin the answer first
				for rows.Next() {
				}
				err = rows.Err()
				rows.Close()
			}
			r.err("query", err)
			_, err = r.db.ExecContext(ctx, r.Slow)
			r.err("exec", err)
			cancel()
			r.err("and then", r.db.QueryRow(r.Series).Scan(new(int)))
		}
	}},
	{"cancelled after", false, func(r *runner) {
		for range 3 {
			ctx, cancel := context.WithCancel(bg)
			rows, err := r.db.QueryContext(ctx, r.Series)
			r.err("query", err)
			r.log("next", "%t", rows.Next())
			cancel()
			r.settle(func() bool { return r.db.Stats().InUse == 0 })
			r.log("next", "%t %s", rows.Next(), showErr(rows.Err()))
			r.err("scan", rows.Scan(new(int)))
			r.err("close", rows.Close())
			rows, err = r.db.Query(r.Select, "k")
			r.rows("and then", rows, err)
		}
		ctx, cancel := context.WithCancel(bg)
		_, err := r.db.ExecContext(ctx, r.Insert, "k", "v")
		cancel()
		r.err("exec", err)
		r.err("it was written", r.db.QueryRow(r.Select, "k").Scan(new(any)))
	}},
	{"values of the context", true, func(r *runner) {
		type key struct{}
		ctx := context.WithValue(bg, key{}, "passed on")
		st, err := r.db.PrepareContext(ctx, r.Select)
		r.err("prepare", err)
		seen := map[fakedriver.Op]any{}
		r.srv.Inject(fakedriver.Fault{Times: -1, Do: func(ctx context.Context, c fakedriver.Call) error {
			if v := ctx.Value(key{}); v != nil {
				seen[c.Op] = v
			}
			return nil
		}})
		r.db.ExecContext(ctx, r.Delete, "k")
		if rows, err := r.db.QueryContext(ctx, r.Series); err == nil {
			rows.Close()
		}
		if rows, err := st.QueryContext(ctx, "k"); err == nil {
			rows.Close()
		}
		if tx, err := r.db.BeginTx(ctx, nil); err == nil {
			tx.Rollback()
		}
		r.db.PingContext(ctx)
		r.srv.ClearFaults()
		for _, op := range []fakedriver.Op{fakedriver.Exec, fakedriver.StmtExec, fakedriver.Query, fakedriver.StmtQuery, fakedriver.Begin, fakedriver.Ping} {
			r.log(string(op), "%v", seen[op])
		}
		r.err("close", st.Close())
	}},
}
