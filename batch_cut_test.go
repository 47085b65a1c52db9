package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
)

// cutItems is how many items a batch has that is cut: on MySQL and MariaDB
// enough for INSERTs to be joined.
const cutItems = 9

// batchJob is a batch that runs while the wire is cut.
type batchJob struct {
	name        string
	independent bool
	item        func(b *pooled.Batch, s *realServer, i, key int)
	op          func(i int) string // the verb of an item
}

// insert adds a row to a table that no program has a key on, so that a row
// that was doubled shows.
func insert(b *pooled.Batch, s *realServer, _, key int) {
	b.Exec(s.sql("INSERT INTO cuts (id, v) VALUES (?, ?)"), key, "cut")
}

func insertOrSelect(b *pooled.Batch, s *realServer, i, key int) {
	if i%3 == 1 {
		b.Query(s.sql("SELECT v FROM fifty WHERE k = ?"), i)
		return
	}
	b.Exec(s.sql(fmt.Sprintf("INSERT INTO cuts (v, id) VALUES ('cut %d', ?)", i%2)), key)
}

var batchJobs = []batchJob{
	{name: "INSERTs", item: insert, op: func(int) string { return "INSERT" }},
	{name: "INSERTs and SELECTs", item: insertOrSelect, op: func(i int) string { return map[bool]string{true: "SELECT", false: "INSERT"}[i%3 == 1] }},
	{name: "independent INSERTs", independent: true, item: insert, op: func(int) string { return "INSERT" }},
}

// inserts says whether the item leaves a row.
func (j batchJob) inserts(i int) bool { return j.op(i) == "INSERT" }

// cutBatches runs a batch under all cuts and judges what became of each.
func cutBatches(c *cutter, j batchJob, all func(job)) {
	results := map[int]*pooled.BatchResults{}
	key := func(id, i int) int { return 100*id + i }
	all(job{name: j.name, run: func(ctx context.Context, s *realServer, db *sql.DB, id int) (int, string, error) {
		b := pooled.NewBatch()
		b.Independent = j.independent
		for i := range cutItems {
			j.item(b, s, i, key(id, i))
		}
		res, err := b.Run(ctx, db)
		results[id] = res
		return 0, "batch", err
	}})
	there := c.settled("SELECT id, count(*) FROM cuts GROUP BY id")

	var right, unknown, failed int
	answered, last := 0, 0 // the item that was named with less of the answer, and the last one of all
	for i, o := range c.told {
		if i > 0 && (o.got <= c.told[i-1].got || c.told[i-1].got < 0) {
			answered = 0
		}
		var be *pooled.BatchError
		switch {
		case o.err == nil:
			right++
		case !errors.As(o.err, &be):
			c.Errorf("%s: the error names no item: %T %v", o.what, o.err, o.err)
		case be.Index < 0 || be.Index > cutItems, be.Index == cutItems && (be.Operation != "COMMIT" || j.independent), be.Index < cutItems && be.Operation != j.op(be.Index):
			c.Errorf("%s: item %d is no %s", o.what, be.Index, be.Operation)
		case o.got >= 0 && c.s.driver == "pgx" && be.Index < answered:
			c.Errorf("%s: item %d is named, and with less of the answer it was %d", o.what, be.Index, answered)
		case errors.Is(o.err, pooled.ErrOutcomeUnknown):
			unknown++
		default:
			failed++
		}
		if be != nil {
			answered = be.Index
			last = max(last, answered)
		}
		rows, want := 0, 0
		for i := range cutItems {
			n := there[key(o.id, i)]
			rows += n
			if j.inserts(i) {
				want++
			}
			err := o.err
			if j.independent && results[o.id] != nil {
				err = results[o.id].Err(i)
			}
			if known := !errors.Is(err, pooled.ErrOutcomeUnknown); n > 1 || known && (n == 1) != (err == nil && j.inserts(i)) {
				c.Errorf("%s: the row of item %d is there %d times (error %v)", o.what, i, n, err)
			}
		}
		if !j.independent && rows != 0 && rows != want {
			c.Errorf("%s: %d rows of %d are there (error %v)", o.what, rows, want, o.err)
		}
	}
	c.Logf("%d cuts: %d right, %d unknown, %d failed", len(c.told), right, unknown, failed)
	// With so few cuts none may fall on the one COMMIT, where it is a message of its own.
	if right == 0 || unknown == 0 && (c.s.driver == "pgx" || longTest(c.T) > 0) {
		c.Error("too little was seen")
	}
	if c.s.driver == "pgx" && last < cutItems/2 {
		c.Errorf("no item behind %d was ever named", last)
	}
}

// TestStressABatchIsCutAtEveryByte cuts the wire under batches, in both
// directions and in both ways, on a link that has run the same before and on
// one that has not. A batch is there as a whole or not at all, never twice;
// each item of an independent one is, or is not; the error names an item, and
// one that is no unknown outcome means that nothing was done. A batch of reads
// notices nothing. The short form cuts at a few bytes only.
func TestStressABatchIsCutAtEveryByte(t *testing.T) {
	long := longTest(t) > 0
	stride := int64(89)
	if long {
		stride = 1
	}
	eachServer(t, func(t *testing.T, s *realServer) {
		cuts := func(c *cutter) func(job) {
			return func(j job) {
				for _, cold := range []bool{true, false} {
					for i, dir := range faultproxy.Both {
						for k, how := range []faultproxy.Ending{faultproxy.FIN, faultproxy.RST} {
							if long || cold == (i == k) {
								c.cut(j, cold, dir, how, stride)
							}
						}
					}
				}
			}
		}
		for _, j := range batchJobs {
			t.Run(j.name, func(t *testing.T) {
				c := newCutter(t, s, "pooled-"+s.driver)
				cutBatches(c, j, cuts(c))
			})
		}
		t.Run("SELECTs", func(t *testing.T) {
			c := newCutter(t, s, "pooled-"+s.driver)
			cuts(c)(job{name: "batch of SELECTs", reads: true, run: func(ctx context.Context, s *realServer, db *sql.DB, _ int) (n int, at string, err error) {
				b := pooled.NewBatch()
				for _, part := range [][]any{{0, 10}, {10, 30}, {30, 50}} {
					b.Query(s.sql("SELECT v FROM fifty WHERE k >= ? AND k < ?"), part...)
				}
				res, err := b.Run(ctx, db)
				if err != nil {
					return 0, "SELECT", err
				}
				for i := range res.Len() {
					rows, err := res.Query(i)
					if err != nil {
						return n, "wrong", err
					}
					for rows.Next() {
						n++
					}
					rows.Close()
				}
				return n, "rows", nil
			}})
			c.Log("read ", c.judge())
		})
	})
}
