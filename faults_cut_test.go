package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
)

// job is what runs while the wire is cut. It returns the number of rows that
// were read, and the statement that was under way when it failed.
type job struct {
	name string
	run  func(ctx context.Context, s *realServer, db *sql.DB, id int) (rows int, at string, err error)
	// reads: it changes nothing.
	reads bool
}

var jobs = []job{
	{name: "INSERT with arguments", run: func(ctx context.Context, s *realServer, db *sql.DB, id int) (int, string, error) {
		_, err := db.ExecContext(ctx, s.sql("INSERT INTO cuts (id, v) VALUES (?, ?)"), id, "cut")
		return 0, "INSERT", err
	}},
	{name: "INSERT without arguments", run: func(ctx context.Context, s *realServer, db *sql.DB, id int) (int, string, error) {
		_, err := db.ExecContext(ctx, fmt.Sprintf("INSERT INTO cuts (id, v) VALUES (%d, 'cut')", id))
		return 0, "INSERT", err
	}},
	{name: "INSERT RETURNING", run: func(ctx context.Context, s *realServer, db *sql.DB, id int) (int, string, error) {
		var v string
		err := db.QueryRowContext(ctx, s.sql("INSERT INTO cuts (id, v) VALUES (?, ?) RETURNING v"), id, "cut").Scan(&v)
		return 0, "INSERT", err
	}},
	{name: "BEGIN, INSERT, COMMIT", run: func(ctx context.Context, s *realServer, db *sql.DB, id int) (int, string, error) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return 0, "BEGIN", err
		}
		if _, err := tx.ExecContext(ctx, s.sql("INSERT INTO cuts (id, v) VALUES (?, ?)"), id, "cut"); err != nil {
			_ = tx.Rollback()
			return 0, "tx INSERT", err
		}
		return 0, "COMMIT", tx.Commit()
	}},
	{name: "SELECT of 50 rows", reads: true, run: func(ctx context.Context, s *realServer, db *sql.DB, _ int) (int, string, error) {
		rows, err := db.QueryContext(ctx, s.sql("SELECT k, v FROM fifty WHERE k < ? ORDER BY k"), 50)
		if err != nil {
			return 0, "SELECT", err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var k int
			var v string
			if err := rows.Scan(&k, &v); err != nil {
				return n, "Scan", err
			}
			if k != n || v != fmt.Sprintf("row %d of fifty", k) {
				return n, "wrong", fmt.Errorf("row %d is %d, %q", n, k, v)
			}
		}
		return n, "rows", rows.Err()
	}},
	{name: "SELECT of one row", reads: true, run: func(ctx context.Context, s *realServer, db *sql.DB, _ int) (int, string, error) {
		var v string
		err := db.QueryRowContext(ctx, s.sql("SELECT v FROM fifty WHERE k = ?"), 7).Scan(&v)
		if err == nil && v != "row 7 of fifty" {
			err = fmt.Errorf("read %q", v)
		}
		return 1, "SELECT", err
	}},
}

// outcome is what the program was told.
type cutOutcome struct {
	id   int
	what string // where the wire was cut
	got  int64  // how much of the answer came for certain; -1: in what was sent, or a reset, which takes with it what nobody has read yet
	at   string // the statement under way
	rows int
	err  error
}

// cutter cuts the wire under jobs, through a proxy in front of a server.
type cutter struct {
	*testing.T
	s     *realServer
	proxy *faultproxy.Proxy
	db    *sql.DB
	pool  *pooled.Pool // nil: the bare driver
	next  int          // the id of the next row
	told  []cutOutcome
}

// newCutter opens the database through the proxy.
func newCutter(t *testing.T, s *realServer, driverName string) *cutter {
	c := &cutter{T: t, s: s, proxy: faultproxy.New(t, s.Addr()), next: 1}
	dsn := s.DSNVia(c.proxy.Addr(), s.database)
	if driverName == s.driver {
		db, err := sql.Open(driverName, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		c.db = db
	} else {
		c.db, c.pool = openDSN(t, driverName, dsn, limits(0, 1))
	}
	c.db.SetMaxOpenConns(1)
	do(t, c.db, "DROP TABLE IF EXISTS cuts", "DROP TABLE IF EXISTS fifty",
		"CREATE TABLE cuts (id INT NOT NULL, v VARCHAR(20))", // no key: a row that was doubled must show
		"CREATE TABLE fifty (k INT PRIMARY KEY, v VARCHAR(20))")
	for k := range 50 {
		do(t, c.db, fmt.Sprintf("INSERT INTO fifty VALUES (%d, 'row %d of fifty')", k, k))
	}
	return c
}

// once runs the job with the next id.
func (c *cutter) once(j job) cutOutcome {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	o := cutOutcome{id: c.next}
	c.next++
	o.rows, o.at, o.err = j.run(ctx, c.s, c.db, o.id)
	return o
}

// length is how many bytes the job sends and receives on a link that is there.
// cold: as the first one on its link.
func (c *cutter) length(j job, cold bool) (n [2]int64) {
	c.ready(j, cold)
	before := c.proxy.Stats().Bytes
	if o := c.once(j); o.err != nil {
		c.Fatal(o.err)
	}
	after := c.proxy.Stats().Bytes
	return [2]int64{after[0] - before[0], after[1] - before[1]}
}

// ready sees to it that there is a link, on which the job has run or not.
func (c *cutter) ready(j job, cold bool) {
	c.Helper()
	if cold {
		c.proxy.KillAll(faultproxy.RST)
	}
	var err error
	for range 5 { // the bare driver may have to find out first
		if err = c.db.Ping(); err == nil {
			break
		}
	}
	if err == nil && !cold {
		err = c.once(j).err
	}
	if err != nil {
		c.Fatal("before the cut: ", err)
	}
}

// cut runs the job once for each offset, stride bytes apart.
func (c *cutter) cut(j job, cold bool, dir faultproxy.Direction, how faultproxy.Ending, stride int64) {
	length := c.length(j, cold)[dir]
	if stride > 1 {
		stride = max(stride, length/12)
	}
	for at := int64(c.next) % stride; at <= length; at += stride {
		c.ready(j, cold)
		if c.pool != nil { // every call here is a fault: that is more than the budget is for
			c.pool.RenewRetryBudget()
		}
		order := c.proxy.CutAfter(dir, at, how)
		o := c.once(j)
		c.proxy.Mend()
		if o.got = at; dir == faultproxy.Up || how == faultproxy.RST {
			o.got = -1
		}
		o.what = fmt.Sprintf("%s, cold %t, %s after %d of %d bytes %s", j.name, cold, how, at, length, dir)
		if !order.Fired() && at < length && c.pool != nil { // go-sql-driver closes statements after the answer, unheard
			c.Errorf("%s: the wire was not cut", o.what)
		}
		c.told = append(c.told, o)
		if j.reads {
			c.checkRead(j, o, dir)
		}
	}
}

// checkRead judges a read at once.
func (c *cutter) checkRead(j job, o cutOutcome, dir faultproxy.Direction) {
	want := 50
	if j.name == "SELECT of one row" {
		want = 1
	}
	switch {
	case c.pool == nil:
	case o.at == "wrong", o.err == nil && o.rows != want:
		c.Errorf("%s: %d rows, error %v", o.what, o.rows, o.err)
	case o.err != nil && (o.rows == 0 || want == 1):
		c.Errorf("%s: failed before a row was given out: %v", o.what, o.err)
	case o.err != nil && dir == faultproxy.Up:
		c.Errorf("%s: failed: %v", o.what, o.err)
	}
}

// settled asks for numbers and counts once nothing is under way any more.
func (c *cutter) settled(query string) map[int]int {
	c.Helper()
	c.db.Close()
	c.proxy.KillAll(faultproxy.RST) // what the bare driver still has
	admin := c.s.admin(c.T)
	eventually(c.T, "all sessions are gone", func() bool { return ask[int](c, admin, c.s.sessions, c.s.database) == 0 })
	db := c.s.bare(c.T, 1)
	defer db.Close()
	return counted(c.T, db, query)
}

// judge compares what the program was told with the table and returns a line of
// figures.
func (c *cutter) judge() string {
	c.Helper()
	there := c.settled("SELECT id, count(*) FROM cuts GROUP BY id")
	var right, unknown, failed, wrong int
	say := c.Errorf
	if c.pool == nil {
		say = func(string, ...any) {}
	}
	for _, o := range c.told {
		n := there[o.id]
		switch {
		case o.at == "SELECT" || o.at == "rows":
			if o.err == nil {
				right++
			} else {
				failed++
			}
		case n > 1:
			wrong++
			say("%s: the row is there %d times (error %v)", o.what, n, o.err)
		case o.err == nil && n != 1:
			wrong++
			say("%s: acknowledged, and not there", o.what)
		case o.err == nil:
			right++
		case errors.Is(o.err, pooled.ErrOutcomeUnknown):
			unknown++
			if o.at == "BEGIN" || o.at == "tx INSERT" {
				wrong++
				say("%s: unknown before COMMIT was sent, at %s: %v", o.what, o.at, o.err)
			}
		case n != 0:
			wrong++
			say("%s: a plain failure, and the row is there: %T %v", o.what, o.err, o.err)
		default:
			failed++
		}
	}
	return fmt.Sprintf("%d cuts: %d right, %d unknown, %d failed, %d wrongly reported", len(c.told), right, unknown, failed, wrong)
}

// counted reads a table of numbers and counts.
func counted(t testing.TB, db *sql.DB, query string) map[int]int {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[int]int{}
	for rows.Next() {
		var id, n int
		if err := rows.Scan(&id, &n); err != nil {
			t.Fatal(err)
		}
		there[id] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return there
}

// TestStressTheWireIsCutAtEveryByte cuts the wire under writes, transactions
// and reads, in both directions and in both ways, on a link that has run the
// same before and on one that has not. Nothing is lost, doubled or reported
// wrongly, and no answer is short without an error. The short form cuts at
// every few bytes only.
func TestStressTheWireIsCutAtEveryByte(t *testing.T) {
	stride := int64(13)
	if longTest(t) > 0 {
		stride = 1
	}
	all := func(c *cutter, j job, stride int64) string {
		for _, cold := range []bool{true, false} {
			for _, dir := range faultproxy.Both {
				for _, how := range []faultproxy.Ending{faultproxy.FIN, faultproxy.RST} {
					c.cut(j, cold, dir, how, stride)
				}
			}
		}
		return c.judge()
	}
	eachServer(t, func(t *testing.T, s *realServer) {
		for _, j := range jobs {
			t.Run(j.name, func(t *testing.T) {
				if longTest(t) > 0 {
					t.Log("bare: ", all(newCutter(t, s, s.driver), j, 5*stride))
				}
				t.Log("pooled: ", all(newCutter(t, s, "pooled-"+s.driver), j, stride))
			})
		}
	})
}
