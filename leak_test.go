package pooled

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

const (
	tooLong  = "on loan for too long"
	cameBack = "came back"
)

func TestALoanThatIsTooOldIsReportedOnceAndAgainWhenItComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter = time.Minute })
		tx, err := r.db.Begin()
		r.must(err)
		rows, err := tx.Query(read)
		r.must(err)
		time.Sleep(59 * time.Second)
		if n := len(r.log.find(tooLong)); n != 0 {
			t.Errorf("%d reports before its time", n)
		}
		time.Sleep(10 * time.Minute)
		found := r.log.find(tooLong)
		if len(found) != 1 {
			t.Fatalf("%d reports, want 1", len(found))
		}
		got := found[0]
		age, _ := got["age"].(time.Duration)
		if age <= time.Minute || age > time.Minute+15*time.Second+time.Millisecond {
			t.Errorf("reported at the age of %v", age)
		}
		if got["operation"] != "SELECT" || got["rows_open"] != true || got["in_transaction"] != true || got["pool"] != "rig" {
			t.Errorf("got %v", got)
		}
		for _, field := range []string{"caller", "stack"} {
			if s, _ := got[field].(string); !strings.Contains(s, "TestALoanThatIsTooOld") {
				t.Errorf("%s %q does not lead here", field, s)
			}
		}
		if s := r.pool.Stats(); s.Leaks != 1 || s.LeakedNow != 1 {
			t.Errorf("Leaks %d, LeakedNow %d", s.Leaks, s.LeakedNow)
		}
		rows.Close()
		r.must(tx.Rollback())
		back := r.log.find(cameBack)
		if len(back) != 1 || back[0]["age"] != 10*time.Minute+59*time.Second {
			t.Errorf("got %v", back)
		}
		if s := r.pool.Stats(); s.Leaks != 1 || s.LeakedNow != 0 {
			t.Errorf("afterwards: Leaks %d, LeakedNow %d", s.Leaks, s.LeakedNow)
		}
	})
}

func TestALinkThatLeaksAgainIsReportedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter = time.Minute })
		for range 2 {
			c := r.hold()
			time.Sleep(2 * time.Minute)
			c.Close()
		}
		if a, b := len(r.log.find(tooLong)), len(r.log.find(cameBack)); a != 2 || b != 2 {
			t.Errorf("%d reports and %d returns, want 2 of each", a, b)
		}
	})
}

func TestALinkThatWasIdleForLongIsNoLeakWhileItIsChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, quiet, func(c *Config) { c.LeakAfter = 4 * time.Second })
		r.must(r.read(r.db))
		time.Sleep(time.Minute)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(3 * time.Second)
			return nil
		}})
		r.must(r.read(r.db))
		if n := len(r.log.find(tooLong)); n != 0 {
			t.Errorf("%d false reports", n)
		}
	})
}

func TestWithLeakAfterOffNothingIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter, c.DisableAdvise = Off, true })
		c := r.hold()
		time.Sleep(24 * time.Hour)
		c.Close()
		if n := len(r.log.find("")); n != 0 {
			t.Errorf("%d log lines", n)
		}
	})
}

func TestALeakNamesTheStatementThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter = time.Minute })
		r.must(r.write(r.db, 1))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(5 * time.Minute)
			return nil
		}})
		r.must(r.read(r.db))
		if got := r.log.find(tooLong); len(got) != 1 || got[0]["operation"] != "SELECT" {
			t.Errorf("got %v", got)
		}
	})
}
