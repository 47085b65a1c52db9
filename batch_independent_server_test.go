package pooled_test

import (
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
)

// unwilling is an argument that has no value.
type unwilling struct{}

func (unwilling) Value() (driver.Value, error) { return nil, errors.New("no value") }

// An argument that does not fit is the fault of its own item, as what the
// server refuses is: those before and behind it run.
func TestServerIndependentBatchWithArgumentsThatDoNotFit(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t)
		for name, arg := range map[string]any{"valuer": unwilling{}, "channel": make(chan int)} {
			batchTable(t, db)
			b := pooled.NewBatch()
			b.Independent = true
			b.Exec(s.insertB(), 1, "x")
			b.Exec(s.insertB(), arg, "x")
			b.Exec(s.insertB(), 2, "x")
			b.Exec(s.insertB(), 2, "x") // is there
			res, err := b.Run(t.Context(), db)
			var be *pooled.BatchError
			if !errors.As(err, &be) || be.Index != 1 {
				t.Errorf("%s: %v", name, err)
			}
			for i := range b.Len() {
				if res == nil {
					t.Errorf("%s: no results", name)
					break
				}
				if bad := i == 1 || i == 3; (res.Err(i) != nil) != bad {
					t.Errorf("%s: statement %d: %v", name, i, res.Err(i))
				}
			}
			if n := countB(t, db); n != 2 {
				t.Errorf("%s: %d rows", name, n)
			}
		}
		if got := p.Stats().InUse; got != 0 {
			t.Errorf("%d connections are held", got)
		}
	})
}

// Each item counts once, and all of them for no longer than the batch took.
func TestServerIndependentBatchIsMeasuredOnce(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t)
		batchTable(t, db)
		p.ResetStatements()
		b := pooled.NewBatch()
		b.Independent = true
		for i := range 200 {
			b.Exec(s.insertB(), i/100, "x")
		}
		begun := time.Now()
		if _, err := b.Run(t.Context(), db); err == nil {
			t.Fatal("a key came twice")
		}
		took := time.Since(begun)
		d := digestOf(t, p, "INSERT INTO b")
		if d.Calls != 200 || d.Errors != 198 || len(d.Codes) != 1 || d.Codes["23505"]+d.Codes["1062"] != 198 {
			t.Errorf("%d calls, %d errors, %v", d.Calls, d.Errors, d.Codes)
		}
		if d.Time.Count() != 200 || d.Time.Sum() > took {
			t.Errorf("%d calls took %v in a batch of %v", d.Time.Count(), d.Time.Sum(), took)
		}
	})
}
