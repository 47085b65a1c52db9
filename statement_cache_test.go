package pooled

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestStatementCacheGivesWhatClassifyGives(t *testing.T) {
	c := newStatementCache(Postgres, nil, 64, 1<<20)
	for range 5 {
		for i := range 200 {
			q := fmt.Sprintf("SELECT %d FROM t%d", i, i)
			if s := c.get(q); s.Operation != "SELECT" || len(s.Tables) != 1 || s.Tables[0] != fmt.Sprintf("t%d", i) {
				t.Fatalf("%q: %+v", q, s)
			}
		}
	}
}

func TestStatementCacheKeepsWhatComesAgain(t *testing.T) {
	c := newStatementCache(Postgres, nil, 64, 1<<20)
	q := "SELECT a FROM t"
	c.get(q)
	s := c.get(q)
	if c.get(strings.Clone(q)) != s {
		t.Error("a text that came twice is classified anew")
	}
	if n := testing.AllocsPerRun(100, func() { c.get(q) }); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}

func TestStatementCacheStaysWithinItsBounds(t *testing.T) {
	const bytes = 64 << 10
	c := newStatementCache(Postgres, nil, 128, bytes)
	for i := range 20_000 {
		q := fmt.Sprintf("SELECT %d FROM t WHERE x = '%s'", i, strings.Repeat("y", i%2000))
		c.get(q)
		c.get(q)
		if c.bytes > bytes {
			t.Fatalf("%d bytes after %d texts", c.bytes, i)
		}
	}
	n, sum := 0, 0
	for i := range c.slots {
		if e := c.slots[i].Load(); e != nil {
			n++
			sum += e.size
		}
	}
	if n > 128 || sum != c.bytes {
		t.Errorf("%d entries of %d bytes, %d accounted for", n, sum, c.bytes)
	}
	long := "SELECT '" + strings.Repeat("x", maxCachedQuery) + "'"
	c.get(long)
	if a := c.get(long); a == c.get(long) {
		t.Error("a long text is kept")
	}
}

func TestTextsThatNeverComeAgainDisplaceNothing(t *testing.T) {
	c := newStatementCache(Postgres, nil, 64, 1<<20)
	q := "SELECT a FROM t"
	c.get(q)
	want := c.get(q)
	for i := range 100_000 {
		c.get(fmt.Sprintf("SELECT %d", i))
		if i%100 == 0 {
			c.get(q)
		}
	}
	if c.get(q) != want {
		t.Error("a text in use was displaced by texts that came once")
	}
}

func TestStatementCacheWithManyCallers(t *testing.T) {
	c := newStatementCache(MySQL, nil, 32, 16<<10)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 5_000 {
				n := (i*7 + g) % 60
				q := fmt.Sprintf("SELECT a FROM t%d", n)
				if s := c.get(q); s.Tables[0] != fmt.Sprintf("t%d", n) {
					t.Errorf("%q: %q", q, s.Tables)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestNoCacheIsACacheToo(t *testing.T) {
	if s := newStatementCache(Postgres, nil, 0, 0).get("SELECT 1"); !s.Retryable {
		t.Error("a cache without entries does not classify")
	}
}
