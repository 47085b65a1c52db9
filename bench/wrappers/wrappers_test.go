package wrappers

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/luna-duclos/instrumentedsql"
	"github.com/ngrok/sqlmw"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/mysql"
	"github.com/pooledsql/pooled/pgx"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// wrapper is one of the others. Its shape is that of many: otelsql passes on
// all that the driver has, sqlmw too, with an interceptor to every call;
// instrumentedsql hides driver.Validator, as Datadog's, New Relic's, Uptrace's,
// nhat.io's and sqldb-logger's do.
type wrapper struct {
	name  string
	hides bool
	// wrap returns the wrapped driver and what tells how many statements it saw.
	wrap func(driver.Driver) (driver.Driver, func() int)
}

var others = []wrapper{
	{"XSAM/otelsql", false, func(d driver.Driver) (driver.Driver, func() int) {
		spans := tracetest.NewInMemoryExporter()
		tp := trace.NewTracerProvider(trace.WithSyncer(spans))
		return otelsql.WrapDriver(d, otelsql.WithTracerProvider(tp)), func() int { return len(spans.GetSpans()) }
	}},
	{"ngrok/sqlmw", false, func(d driver.Driver) (driver.Driver, func() int) {
		i := new(counting)
		return sqlmw.Driver(d, i), func() int { return int(i.queries.Load()) }
	}},
	{"luna-duclos/instrumentedsql", true, func(d driver.Driver) (driver.Driver, func() int) {
		var n atomic.Int64
		logger := instrumentedsql.LoggerFunc(func(context.Context, string, ...any) { n.Add(1) })
		return instrumentedsql.WrapDriver(d, instrumentedsql.WithLogger(logger)), func() int { return int(n.Load()) }
	}},
}

// counting counts queries.
type counting struct {
	sqlmw.NullInterceptor
	queries atomic.Int64
}

func (i *counting) ConnQueryContext(ctx context.Context, c driver.QueryerContext, query string, args []driver.NamedValue) (context.Context, driver.Rows, error) {
	i.queries.Add(1)
	rows, err := c.QueryContext(ctx, query, args)
	return ctx, rows, err
}

// server is a database of a test's own.
type server struct {
	base    driver.Driver
	dialect pooled.Dialect
	dsn     string
	arg     string
	sleep   string
}

func eachServer(t *testing.T, test func(*testing.T, server)) {
	t.Run("PostgreSQL", func(t *testing.T) {
		s := testdb.SharedPostgres(t)
		test(t, server{pgx.Driver(), pgx.Dialect{}, s.DSN(s.NewDatabase(t)), "$1", "SELECT pg_sleep(30)"})
	})
	t.Run("MariaDB", func(t *testing.T) {
		s := testdb.SharedMySQL(t)
		test(t, server{mysql.Driver(), mysql.Dialect{}, s.DSN(s.NewDatabase(t)), "?", "SELECT SLEEP(30)"})
	})
}

// links is the limit of the pools.
const links = 4

func (s server) options(log io.Writer) pooled.Option {
	return func(c *pooled.Config) {
		c.Dialect, c.MaxConns, c.MinConns, c.AcquireTimeout = s.dialect, links, pooled.Off, 20*time.Second
		c.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
}

// work is what a program does, by more callers than there are connections.
func (s server) work(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx := t.Context()
	testdb.MustExec(t, db, "DROP TABLE IF EXISTS t")
	testdb.MustExec(t, db, "CREATE TABLE t (n int)")
	st, err := db.PrepareContext(ctx, "SELECT 1 + "+s.arg)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const callers, rounds = 5 * links, 5
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := range rounds {
				var n int
				if err := db.QueryRowContext(ctx, "SELECT 1 + "+s.arg, i).Scan(&n); err != nil || n != i+1 {
					t.Error(n, err)
				}
				if err := st.QueryRowContext(ctx, i).Scan(&n); err != nil || n != i+1 {
					t.Error(n, err)
				}
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := tx.ExecContext(ctx, "INSERT INTO t VALUES ("+s.arg+")", i); err != nil {
					t.Error(err)
				}
				if i%2 == 0 {
					err = tx.Commit()
				} else {
					err = tx.Rollback()
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM t").Scan(&n); err != nil || n != callers*3 {
		t.Errorf("%d rows, want %d: %v", n, callers*3, err)
	}

	// A cancelled statement ends, and so does a cancelled transaction.
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := db.QueryRowContext(short, s.sleep).Scan(&n); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want that of the context", err)
	}
	done, stop := context.WithCancel(ctx)
	if tx, err := db.BeginTx(done, nil); err != nil {
		t.Error(err)
	} else {
		stop()
		_ = tx.Rollback()
	}
	stop()
	if err := db.PingContext(ctx); err != nil {
		t.Error(err)
	}
}

// TestBelowThePool is the order that the documentation asks for.
func TestBelowThePool(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		for _, o := range others {
			t.Run(o.name, func(t *testing.T) {
				d, saw := o.wrap(s.base)
				c, err := pooled.Wrap(d, s.options(io.Discard)).(driver.DriverContext).OpenConnector(s.dsn)
				if err != nil {
					t.Fatal(err)
				}
				db := sql.OpenDB(c)
				defer db.Close()
				s.work(t, db)
				pool, ok := pooled.From(db)
				if !ok {
					t.Fatal("From finds no pool")
				}
				if st := pool.Stats(); st.Unended != 0 || st.Use.Count() == 0 {
					t.Errorf("%d of %d loans were not ended", st.Unended, st.Use.Count())
				}
				if h := pool.Health(t.Context()); h.Status != pooled.Healthy {
					t.Errorf("%s: %s", h.Status, h.Message)
				}
				if saw() == 0 {
					t.Error("the wrapper saw no statement")
				}

				// The pool's own calls go through it, too.
				b := pooled.NewBatch()
				b.Exec("INSERT INTO t VALUES (7)")
				b.Query("SELECT count(*) FROM t WHERE n = 7")
				res, err := b.Run(t.Context(), db)
				if err != nil {
					t.Fatal(err)
				}
				var n int
				if err := res.QueryRow(1).Scan(&n); err != nil || n != 1 {
					t.Error(n, err)
				}
				if err := pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
					_, err := tx.Exec("DELETE FROM t WHERE n = 7")
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// What became of a COMMIT whose answer was lost can be asked if the dialect
// knows the connection: below otelsql, which shows it, and not below sqlmw.
func TestLostCommitBelowThePool(t *testing.T) {
	s := testdb.SharedPostgres(t)
	for _, o := range others {
		t.Run(o.name, func(t *testing.T) {
			proxy := faultproxy.New(t, s.Addr())
			d, _ := o.wrap(pgx.Driver())
			server := server{base: d, dialect: pgx.Dialect{}}
			c, err := pooled.Wrap(d, server.options(io.Discard), func(c *pooled.Config) {
				c.Hooks.Trace = func(ctx context.Context, start pooled.TraceStart) (context.Context, pooled.Trace) {
					if start.Statement.Tx == pooled.TxCommit {
						proxy.CutAfter(faultproxy.Down, 0, faultproxy.RST)
					}
					return ctx, nil
				}
			}).(driver.DriverContext).OpenConnector(s.DSNVia(proxy.Addr(), s.NewDatabase(t)))
			if err != nil {
				t.Fatal(err)
			}
			db := sql.OpenDB(c)
			defer db.Close()
			testdb.MustExec(t, db, "CREATE TABLE t (n int)")
			err = pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
				_, err := tx.Exec("INSERT INTO t VALUES (1)")
				return err
			})
			shown := o.name == "XSAM/otelsql"
			if known := err == nil; known != shown || !known && !errors.Is(err, pooled.ErrOutcomeUnknown) {
				t.Errorf("the outcome is known: %t, want %t: %v", known, shown, err)
			}
		})
	}
}

// TestAboveThePool is the order that works as far as it can.
func TestAboveThePool(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		for _, o := range others {
			t.Run(o.name, func(t *testing.T) {
				log := new(lines)
				kept := &keeper{Driver: pooled.Wrap(s.base, s.options(log))}
				d, saw := o.wrap(kept)
				dc, ok := d.(driver.DriverContext)
				if !ok {
					t.Fatal("it hides driver.DriverContext: no pool at all")
				}
				c, err := dc.OpenConnector(s.dsn)
				if err != nil {
					t.Fatal(err)
				}
				db := sql.OpenDB(c)
				s.work(t, db)
				if saw() == 0 {
					t.Error("the wrapper saw no statement")
				}

				// The program can still come to the pool, if it has kept the
				// connector, and has to, to end it.
				if _, ok := pooled.From(db); ok {
					t.Error("From finds the pool: the documentation says that it does not")
				}
				own := sql.OpenDB(kept.connector)
				pool, ok := pooled.From(own)
				if !ok {
					t.Fatal("From finds no pool behind the pool's connector")
				}
				fault := "hides driver.Validator"
				h := pool.Health(t.Context())
				if said := strings.Contains(h.Message, fault); said != o.hides || said != (h.Status == pooled.Warning) {
					t.Errorf("it %s: %t. Health: %s", fault, o.hides, h.Message)
				}
				if o.hides && !strings.Contains(h.Message, "(github.com/"+o.name+")") {
					t.Errorf("Health does not name it: %s", h.Message)
				}
				if n := strings.Count(log.String(), fault); (n == 1) != o.hides {
					t.Errorf("it is told %d times in the log\n%s", n, log)
				}
				if err := errors.Join(db.Close(), own.Close()); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// keeper keeps the connector of the pool.
type keeper struct {
	driver.Driver
	connector driver.Connector
}

func (k *keeper) OpenConnector(dsn string) (c driver.Connector, err error) {
	k.connector, err = k.Driver.(driver.DriverContext).OpenConnector(dsn)
	return k.connector, err
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
