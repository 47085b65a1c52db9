package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/mysql"
)

// cancelled runs a query for half a minute under a context that ends after 50
// ms, and returns when the slot of its link is free again.
func cancelled(t *testing.T, p *pooled.Pool, run func(ctx context.Context) error) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), enough)
	defer cancel()
	if err := run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("not ended by its context: %v", err)
	}
	start := time.Now()
	eventually(t, "the slot is free", func() bool { c := p.Stats().Counts; return c.Closing == 0 && c.InUse == 0 })
	return time.Since(start)
}

func TestCancelledQueryIsEndedOnTheServer(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	const links = 2
	calls := map[string]func(context.Context, *sql.DB) error{
		"Query": func(ctx context.Context, db *sql.DB) error { return drained(db.QueryContext(ctx, "SELECT SLEEP(30)")) },
		"Query with an argument": func(ctx context.Context, db *sql.DB) error {
			return drained(db.QueryContext(ctx, s.sleep, 30))
		},
		"Exec": func(ctx context.Context, db *sql.DB) error { _, err := db.ExecContext(ctx, "DO SLEEP(30)"); return err },
		"Tx": func(ctx context.Context, db *sql.DB) error {
			tx, err := db.BeginTx(context.Background(), nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			return drained(tx.QueryContext(ctx, "SELECT SLEEP(30)"))
		},
	}
	for name, call := range calls {
		for _, warm := range []int{0, links} { // a link has to be dialled for it; one is idle
			db, p := s.open(t, limits(warm, links))
			if warm > 0 {
				if err := p.Warm(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			count := s.watchSessions(t)
			took := cancelled(t, p, func(ctx context.Context) error { return call(ctx, db) })
			if n := count(); n > links {
				t.Errorf("%s: %d sessions, the limit is %d", name, n, links)
			}
			if took > busy(500*time.Millisecond) {
				t.Errorf("%s with %d links warm: the slot was taken for %v", name, warm, took)
			}
			// The slot may be free before the server's answer to KILL has been read.
			eventually(t, "one statement was ended", func() bool { return p.Stats().KilledQueries == 1 })
			t.Logf("%s with %d links warm: the slot is free after %v", name, warm, took)
			db.Close()
		}
	}
}

// TestOrderToEndAQueryWaitsForALink: where all links are busy, the next that
// comes back is used, before anybody else gets it.
func TestOrderToEndAQueryWaitsForALink(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	db, p := s.open(t, limits(0, 2))
	other, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	do(t, other, "SELECT 1")
	ctx, cancel := context.WithTimeout(t.Context(), enough)
	defer cancel()
	if err := drained(db.QueryContext(ctx, "SELECT SLEEP(30)")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if c := p.Stats().Counts; c.Closing != 1 {
		t.Fatal(c)
	}
	other.Close()
	eventually(t, "the slot is free", func() bool { return p.Stats().Closing == 0 })
	eventually(t, "one statement was ended", func() bool { return p.Stats().KilledQueries == 1 }) // see above
}

func TestKillQueryCanBeSwitchedOff(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	db, p := s.open(t, limits(0, 2), func(c *pooled.Config) { c.DisableKillQuery = true })
	took := cancelled(t, p, func(ctx context.Context) error { return drained(db.QueryContext(ctx, "SELECT SLEEP(1.5)")) })
	if n := p.Stats().KilledQueries; n != 0 || took < 500*time.Millisecond {
		t.Errorf("%d statements were ended, the slot was free after %v", n, took)
	}
}

// TestSessionIsFoundByNumberAndPortOnly: a session with the right number and
// the port of another client is somebody else's, behind a balancer say.
func TestSessionIsFoundByNumberAndPortOnly(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	db, _ := s.open(t, limits(0, 1))
	id := ask[uint64](t, db, s.self)
	host := ask[string](t, db, "SELECT host FROM information_schema.processlist WHERE id = CONNECTION_ID()")
	_, text, _ := strings.Cut(host, ":")
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id   uint64
		port int
		want int
	}{{id, port, 1}, {id, port + 1, 0}, {id + 1000, port, 0}, {id, 0, 0}, {id, port % 1000, 0}} {
		if n := ask[int](t, db, mysql.Dialect{}.FindSession(tt.id, tt.port)); n != tt.want {
			t.Errorf("session %d of port %d is found %d times, want %d (%s)", tt.id, tt.port, n, tt.want, host)
		}
	}
}
