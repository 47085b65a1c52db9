package monitor_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/monitor"
	_ "github.com/pooledsql/pooled/mysql"
	_ "github.com/pooledsql/pooled/pgx"
)

// pinged counts the pings that are under way on a database, at the driver.
type pinged struct {
	driver.Driver
	now, most, all atomic.Int64
}

// pingedConn has what both real drivers' connections have.
type pingedConn struct {
	realConn
	p *pinged
}

type realConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.NamedValueChecker
}

func (p *pinged) Open(dsn string) (driver.Conn, error) {
	c, err := p.Driver.Open(dsn)
	if err != nil {
		return nil, err
	}
	return pingedConn{c.(realConn), p}, nil
}

func (c pingedConn) Ping(ctx context.Context) error {
	n := c.p.now.Add(1)
	defer c.p.now.Add(-1)
	c.p.all.Add(1)
	for most := c.p.most.Load(); n > most && !c.p.most.CompareAndSwap(most, n); most = c.p.most.Load() {
	}
	return c.realConn.Ping(ctx)
}

// TestAPollOfManyWhileTheDatabaseStalls: 100 clients ask for /health all the
// time while the server says nothing. Each gets an answer within 100 ms, which
// tells what is wrong, and the server is asked by one probe at a time.
func TestAPollOfManyWhileTheDatabaseStalls(t *testing.T) {
	for _, tt := range []struct {
		name, driver string
		start        func(testing.TB, ...testdb.Option) *testdb.Server
	}{{"PostgreSQL", "pgx", testdb.Postgres}, {"MariaDB", "mysql", testdb.MySQL}} {
		t.Run(tt.name, func(t *testing.T) {
			server := tt.start(t)
			leak.Check(t)
			bare, err := sql.Open(tt.driver, "")
			if err != nil {
				t.Fatal(err)
			}
			defer bare.Close()
			base := &pinged{Driver: bare.Driver()}
			pollStalled(t, server, pooled.Wrap(base, func(c *pooled.Config) {
				c.Name, c.MaxConns, c.MinConns, c.Logger = "shop", 10, 4, slog.New(slog.DiscardHandler)
			}), base)
		})
	}
}

func pollStalled(t *testing.T, server *testdb.Server, drv driver.Driver, base *pinged) {
	c, err := drv.(driver.DriverContext).OpenConnector(server.DSN(server.NewDatabase(t)))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	pool, _ := pooled.From(db)
	if err := pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	mon := monitor.Handler([]*pooled.Pool{pool})
	defer mon.Close()
	web := httptest.NewServer(mon)
	defer web.Close()

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	defer client.CloseIdleConnections()
	ask := func() (took time.Duration, status string) {
		start := time.Now()
		resp, err := client.Get(web.URL + "/health")
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		took = time.Since(start)
		var v struct{ Status string }
		if err == nil {
			err = json.Unmarshal(body, &v)
		}
		if err != nil {
			t.Error(err)
		}
		return took, v.Status
	}
	if _, status := ask(); status != "healthy" {
		t.Fatalf("before the stall: %s", status)
	}
	base.most.Store(0)
	base.all.Store(0)
	if err := server.Stall(); err != nil {
		t.Fatal(err)
	}
	var unhealthy atomic.Int64
	poll := func() []time.Duration {
		end := time.Now().Add(5 * time.Second) // two probes time out
		took := make([][]time.Duration, 100)
		var clients sync.WaitGroup
		for i := range took {
			clients.Go(func() {
				for time.Now().Before(end) {
					d, status := ask()
					took[i] = append(took[i], d)
					if status == "unhealthy" {
						unhealthy.Add(1)
					}
					time.Sleep(200 * time.Millisecond) // the clients' own pace
				}
			})
		}
		clients.Wait()
		return slices.Sorted(slices.Values(slices.Concat(took...)))
	}
	bound := 100 * time.Millisecond
	if raceEnabled {
		bound += time.Second // the machine's own, on which 100 clients run too
	}
	// It is about the handler, not about what else the machine does meanwhile:
	// one round of three must keep to the bound.
	for round := 1; ; round++ {
		all := poll()
		late := all[len(all)-1]
		t.Logf("MEASURED|%s stalled, 100 clients: slowest of %d answers of /health, ms|%.3g|<= %.3g|", server.Kind(), len(all), late.Seconds()*1000, bound.Seconds()*1000)
		t.Logf("median %v, p99 %v; %d pings, at most %d at a time", all[len(all)/2], all[len(all)*99/100], base.all.Load(), base.most.Load())
		if late <= bound {
			break
		}
		if round == 3 {
			t.Errorf("an answer took %v", late)
			break
		}
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	if base.most.Load() != 1 || base.all.Load() > 10 {
		t.Errorf("%d pings, up to %d at a time", base.all.Load(), base.most.Load())
	}
	if unhealthy.Load() == 0 {
		t.Error("nobody was told")
	}
	eventually(t, "it is well again", func() bool { _, status := ask(); return status == "healthy" })
}

// TestTheServersOwnViewIsShown on real servers.
func TestTheServersOwnViewIsShown(t *testing.T) {
	for name, server := range map[string]func(testing.TB) *testdb.Server{"pooled-pgx": testdb.SharedPostgres, "pooled-mysql": testdb.SharedMySQL} {
		t.Run(name, func(t *testing.T) {
			s := server(t)
			db, err := pooled.Open(name, s.DSN(s.NewDatabase(t)))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Ping(); err != nil {
				t.Fatal(err)
			}
			pool, _ := pooled.From(db)
			web := httptest.NewServer(newMonitor(t, []*pooled.Pool{pool}))
			defer web.Close()
			next, end := stream(t, web.URL+"/events")
			defer end()
			eventually(t, "the server's view is there", func() bool {
				_, data := next()
				var v struct {
					Server *struct {
						Max, Open, Mine int
						Error           string
					}
				}
				if json.Unmarshal([]byte(data), &v) != nil || v.Server == nil { // the history, or not asked yet
					return false
				}
				if v.Server.Max < 10 || v.Server.Open < 1 || v.Server.Mine < 1 || v.Server.Mine > v.Server.Max || v.Server.Error != "" {
					t.Errorf("%+v", v.Server)
				}
				return true
			})
		})
	}
}
