package likeness

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// section is a part of the script. Each gets a database of its own.
type section struct {
	name  string
	fakes bool // runs over fakes alone, because it needs faults
	run   func(r *runner)
}

// sections are the script.
func sections() []section {
	return slices.Concat(valueSections, argumentSections, rowsSections, statementSections, txSections,
		connSections, cancelSections, faultSections)
}

// Run takes the target through the script and returns what a program saw.
func Run(tb testing.TB, t Target) *Transcript {
	tb.Helper()
	if t.Bind == nil {
		t.Bind = func(q string) string { return q }
	}
	if t.Unwrap == nil {
		t.Unwrap = func(c any) (driver.Conn, error) { return c.(driver.Conn), nil }
	}
	for _, q := range []*string{&t.Insert, &t.Update, &t.Delete, &t.Select, &t.Series, &t.MultiSet, &t.Slow} {
		*q = t.Bind(*q)
	}
	if t.Patience == 0 {
		t.Patience = 5 * time.Second
	}
	tr := &Transcript{}
	if len(t.Setup) > 0 {
		db, _ := t.Open(tb)
		for _, q := range t.Setup {
			if _, err := db.Exec(q); err != nil {
				tb.Fatalf("%s: setup %q: %v", t.Name, q, err)
			}
		}
		db.Close()
	}
	for _, s := range sections() {
		runSection(tb, t, tr, s)
	}
	return tr
}

func runSection(tb testing.TB, t Target, tr *Transcript, s section) {
	tb.Helper()
	db, srv := t.Open(tb)
	defer db.Close()
	if srv == nil && s.fakes {
		return
	}
	if srv != nil {
		srv.Record(true)
	}
	if t.Wipe != "" {
		if _, err := db.Exec(t.Wipe); err != nil {
			tb.Fatalf("%s: %s: wipe: %v", t.Name, s.name, err)
		}
	}
	r := &runner{tb: tb, Target: t, db: db, srv: srv, tr: tr, section: s.name}
	s.run(r)
	r.finish()
}

// runner is one section under way.
type runner struct {
	Target
	tb      testing.TB
	db      *sql.DB
	srv     *fakedriver.Server
	tr      *Transcript
	section string

	panicked  bool // somewhere in this section
	unordered bool // several goroutines worked at once: the calls come in any order
}

var bg = context.Background()

func (r *runner) log(label, format string, args ...any) {
	r.tr.add(r.section+"/"+label, fmt.Sprintf(format, args...))
}

func (r *runner) err(label string, err error) { r.log(label, "%s", showErr(err)) }

func (r *runner) rows(label string, rows *sql.Rows, err error) {
	r.log(label, "%s", showRows(rows, err))
}

func (r *runner) result(label string, res sql.Result, err error) {
	r.log(label, "%s", showResult(res, err))
}

// try runs f, whose panic is one of the things a program can see.
func (r *runner) try(label string, f func()) {
	defer func() {
		if p := recover(); p != nil {
			r.log(label, "panic: %v", p)
			r.panicked = true
		}
	}()
	f()
}

// stats logs what sql.DB says of its connections once it has come to rest with
// so many in use; a cancelled query or transaction comes back a little later.
func (r *runner) stats(label string, inUse int) {
	r.settle(func() bool { return r.db.Stats().InUse == inUse })
	s := r.db.Stats()
	r.log(label+" (stats)", "in use %d idle %d open %d", s.InUse, s.Idle, s.OpenConnections)
}

// settle waits until something that other goroutines do has happened, and
// leaves it to what is logged next to tell if it never does.
func (r *runner) settle(done func() bool) {
	patience := r.Patience
	if r.panicked { // a connection that was in use then never comes back to sql.DB
		patience = 20 * time.Millisecond
	}
	for end := time.Now().Add(patience); !done() && time.Now().Before(end); {
		time.Sleep(100 * time.Microsecond)
	}
}

// finish closes the database and logs what reached the driver and what was
// left.
func (r *runner) finish() {
	if !r.unordered {
		r.stats("at the end", 0)
	}
	r.err("close the database", r.db.Close())
	r.err("query a closed database", r.db.QueryRow("SELECT 1").Err())
	r.err("close it again", r.db.Close())
	if r.srv == nil {
		return
	}
	r.settle(func() bool { return r.srv.Counts().Conns.Open == 0 })
	c := r.srv.Counts()
	r.log("left open", "connections %d statements %d rows %d transactions %d; connector closed %d times",
		c.Conns.Open, c.Stmts.Open, c.Rows.Open, c.Txs.Open, c.ConnectorsClosed)
	r.log("misuse", "%q", r.srv.Misuse())
	if r.unordered {
		return
	}
	r.log("dials (calls)", "%d, failed %d", c.Conns.Made, c.FailedDials)
	var all, work []string
	for _, call := range r.srv.Calls() {
		all = append(all, call.String())
		if slices.Contains(workOps, call.Op) {
			work = append(work, call.String())
		}
	}
	r.log("everything the driver was asked (calls)", "\n\t\t%s", strings.Join(all, "\n\t\t"))
	r.log("work the driver did", "\n\t\t%s", strings.Join(work, "\n\t\t"))
}

// workOps are the operations that a program asked for, in whatever connection.
var workOps = []fakedriver.Op{
	fakedriver.Exec, fakedriver.Query, fakedriver.StmtExec, fakedriver.StmtQuery,
	fakedriver.Begin, fakedriver.Commit, fakedriver.Rollback,
}

// has reports whether the fake's connections, statements or rows have an
// interface; real servers' drivers have what it takes.
func (r *runner) has(name string) bool {
	if r.srv == nil {
		return true
	}
	i := r.srv.Shape().Interfaces
	return slices.Contains(slices.Concat(i.Conn, i.Stmt, i.Rows), name)
}
