package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestServerEnforcesTheLongestTimeoutIfAllHaveOne(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		all, read, ddl, want time.Duration
	}{
		{"none", Off, 0, 0, 0},
		{"one for all", time.Second, 0, 0, time.Second},
		{"a class with less", 3 * time.Second, time.Second, 0, 3 * time.Second},
		{"a class with more", 3 * time.Second, 0, time.Minute, time.Minute},
		{"a class without", 3 * time.Second, 0, Off, 0},
		{"reads only", Off, time.Second, 0, 0},
	} {
		cfg, err := resolveIn(nil, "x", func(c *Config) {
			c.QueryTimeout, c.QueryTimeoutRead, c.QueryTimeoutDDL = tt.all, tt.read, tt.ddl
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := newQueryLimits(cfg).onServer(); got != tt.want {
			t.Errorf("%s: the server is given %v, want %v", tt.name, got, tt.want)
		}
		cfg.DisablePool = true
		if newQueryLimits(cfg) != nil {
			t.Errorf("%s: with the pool off there is a limit", tt.name)
		}
	}
}

func TestErrorWithinTheTimeIsNotTheTimeouts(t *testing.T) {
	cancelled := &fakedriver.Error{Code: "57014"}
	r := newRig(t, fakedriver.PGX, dialect(&testDialect{fault: func(err error) Fault {
		if errors.Is(err, cancelled) || errors.Is(err, context.DeadlineExceeded) {
			return FaultCancelled
		}
		return baseFault(err)
	}}), func(c *Config) { c.QueryTimeout = time.Hour })
	h := r.handle()
	_, err := h.bind(context.Background(), pingStatement, 0)
	r.must(err)
	st := r.pool.texts.get(read)

	ctx, m := h.pool.limits.limit(context.Background(), h.link, st)
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Hour+queryGrace {
		t.Error("the base has no deadline")
	}
	if got := m.done(r.pool, st, cancelled); got != error(cancelled) {
		t.Errorf("somebody else's cancellation became %v", got)
	}
	if ctx.Err() == nil {
		t.Error("the context outlives the statement")
	}
	caller, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if ctx, m := h.pool.limits.limit(caller, h.link, st); ctx != caller || m.stop != nil {
		t.Error("an earlier deadline of the caller's was replaced")
	}
	if n := r.pool.Stats().QueryTimeouts; n != 0 {
		t.Errorf("%d timeouts", n)
	}
}

// Every context that the base got ends with its statement, also where the base
// left it at driver.ErrSkip.
func TestTheContextOfALimitEndsWithTheStatement(t *testing.T) {
	r := newRig(t, fakedriver.MySQL, func(c *Config) { c.QueryTimeout, c.StatementCacheSize = time.Hour, Off })
	var got []context.Context
	for _, op := range []fakedriver.Op{fakedriver.Exec, fakedriver.Query, fakedriver.Prepare, fakedriver.StmtExec, fakedriver.StmtQuery} {
		r.srv.Inject(fakedriver.Fault{Op: op, Times: -1, Do: func(ctx context.Context, c fakedriver.Call) error {
			got = append(got, ctx)
			if c.Op == fakedriver.Exec || c.Op == fakedriver.Query {
				return driver.ErrSkip
			}
			return nil
		}})
	}
	r.must(r.write(r.db, 1))
	r.must(r.read(r.db))
	for i, ctx := range got {
		if ctx.Err() == nil {
			t.Errorf("context %d of %d outlives its statement", i+1, len(got))
		}
	}
	if len(got) < 6 { // skipped, prepared, run
		t.Errorf("the base got %d contexts", len(got))
	}
}

func TestTimeoutThatTheProgramSetsIsNoticed(t *testing.T) {
	var l link
	for _, tt := range []struct {
		f    Flavor
		text string
		want uint8
	}{
		{Postgres, "SET search_path = x", 0},
		{Postgres, "SET LOCAL statement_timeout = '5s'", ownTimeoutTx},
		{Postgres, "SET Statement_Timeout TO 0", ownTimeoutTx | ownTimeoutSession},
		{Postgres, "RESET search_path", ownTimeoutTx | ownTimeoutSession},
		{Postgres, "RESET statement_timeout", 0},
		{MySQL, "SET SESSION max_statement_time = 3", ownTimeoutSession},
		{MySQL, "SET max_statement_time = DEFAULT", 0},
		{MySQL, "SET STATEMENT max_statement_time = 3 FOR SELECT 1", 0},
		{MySQL, "SET GLOBAL max_statement_time = 3", 0},
		{MySQL, "SET LOCAL max_statement_time = 3", ownTimeoutSession},
		{MySQL, "SET LOCAL max_statement_time = DEFAULT", 0},
		{MySQL, "SET @@session.max_execution_time = 3000", ownTimeoutSession},
	} {
		st := Classify(tt.f, tt.text)
		if st.Class == Session {
			l.noteTimeout(tt.f, &st)
		}
		if l.ownTimeout != tt.want {
			t.Errorf("after %s: %d, want %d (class %v, %q)", tt.text, l.ownTimeout, tt.want, st.Class, st.Digest)
		}
	}
}

func TestSetLocalEndsWithATransactionThatIsText(t *testing.T) {
	r := newRig(t, fakedriver.PGX, conns(0, 1), func(c *Config) { c.QueryTimeout = time.Second })
	for _, tt := range []struct {
		text string
		want uint8
	}{
		{"BEGIN", 0}, {"SET LOCAL statement_timeout = '9s'", ownTimeoutTx}, {"SAVEPOINT a", ownTimeoutTx}, {"ROLLBACK TO a", ownTimeoutTx}, {"COMMIT", 0},
		{"SET statement_timeout = '9s'", ownTimeoutSession}, {"COMMIT", ownTimeoutSession},
	} {
		r.srv.Answer(tt.text, fakedriver.Answer{})
		_, err := r.db.Exec(tt.text)
		r.must(err)
		if got := r.pool.links[0].ownTimeout; got != tt.want {
			t.Errorf("after %s: %d, want %d", tt.text, got, tt.want)
		}
	}
}

func TestNoTimeoutAllocatesNothing(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	h := r.handle()
	_, err := h.bind(context.Background(), pingStatement, 0)
	r.must(err)
	st := r.pool.texts.get(read)
	if n := testing.AllocsPerRun(100, func() {
		ctx, m := h.pool.limits.limit(context.Background(), h.link, st)
		_ = m.done(r.pool, st, ctx.Err())
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
