package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// quiet keeps expected complaints out of the test's output.
func quiet(c *pooled.Config) { c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil)) }

// code is the SQLSTATE or the error number that err carries, as a program
// finds it.
func code(err error) any {
	var pe *pgconn.PgError
	var me *mysql.MySQLError
	switch {
	case errors.As(err, &pe):
		return pe.Code
	case errors.As(err, &me):
		return int(me.Number)
	}
	return nil
}

func TestDialErrorsAsTheProgramSeesThem(t *testing.T) {
	const secret = "S3cret-nobody-may-read"
	for _, c := range []struct {
		name           string
		pgx, mysql     string // connection strings; ADDR is the server's
		pgCode, myCode any
	}{
		{"wrong password", "postgres://pooled:" + secret + "@ADDR/postgres?sslmode=disable", "pooled:" + secret + "@tcp(ADDR)/", "28P01", 1045},
		{"unknown database", "DSN/nowhere", "DSN/nowhere", "3D000", 1049},
		{"unknown host", "postgres://u:" + secret + "@no-such-host.invalid/d", "u:" + secret + "@tcp(no-such-host.invalid:3306)/d", nil, nil},
		{"nothing listens", "postgres://u:" + secret + "@127.0.0.1:1/d", "u:" + secret + "@tcp(127.0.0.1:1)/d", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachServer(t, func(t *testing.T, s *realServer) {
				dsn, want := c.pgx, c.pgCode
				if s.driver == "mysql" {
					dsn, want = c.mysql, c.myCode
				}
				if rest, ok := strings.CutPrefix(dsn, "DSN/"); ok {
					dsn = s.DSN(rest)
				}
				dsn = strings.ReplaceAll(dsn, "ADDR", s.Addr())
				db, _ := openDSN(t, "pooled-"+s.driver, dsn, quiet)
				start := time.Now()
				var users sync.WaitGroup
				for range 5 {
					users.Go(func() {
						_, err := db.Exec("SELECT 1")
						if got := code(err); err == nil || got != want {
							t.Errorf("code %v, want %v: %v", got, want, err)
						}
						if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "bad connection")) {
							t.Errorf("the message: %v", err)
						}
						var dns *net.DNSError
						if c.name == "unknown host" && !errors.As(err, &dns) {
							t.Errorf("no *net.DNSError: %v", err)
						}
					})
				}
				users.Wait()
				t.Logf("answered after %v", time.Since(start))
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("answered after %v, want at once", took)
				}
			})
		})
	}
}

func TestServerWithoutRoomSaysSo(t *testing.T) {
	for _, s := range []*realServer{
		realPostgres(t, testdb.Postgres(t, testdb.Setting("max_connections", "10"), testdb.Setting("superuser_reserved_connections", "3"))),
		realMariaDB(t, testdb.MySQL(t, testdb.Setting("max_connections", "10"))),
	} {
		t.Run(s.driver, func(t *testing.T) {
			bare, err := sql.Open(s.driver, s.dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer bare.Close()
			var others []*sql.Conn
			for {
				c, err := bare.Conn(t.Context())
				if err != nil {
					t.Logf("%d others fill the server: %v", len(others), err)
					break
				}
				others = append(others, c)
			}
			db, _ := s.open(t, quiet, limits(0, 5), func(c *pooled.Config) { c.AcquireTimeout = 20 * time.Second })
			want := map[string]any{"pgx": "53300", "mysql": 1040}[s.driver]
			if _, err := db.Exec("SELECT 1"); code(err) != want {
				t.Errorf("code %v, want %v: %v", code(err), want, err)
			}
			// Who has a link already is not disturbed by those that fail.
			others[0].Close()
			bare.SetMaxIdleConns(-1)
			eventually(t, "there is room for one", func() bool { _, err := db.Exec("SELECT 1"); return err == nil })
			var users sync.WaitGroup
			for range 5 {
				users.Go(func() {
					for range 20 {
						if _, err := db.Exec("SELECT 1"); err != nil {
							t.Error(err)
						}
					}
				})
			}
			users.Wait()
			for _, c := range others[1:] {
				c.Close()
			}
		})
	}
}

func TestTimeoutNamesWhyDialsFail(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		dsn := map[string]string{"pgx": "postgres://u:hidden@127.0.0.1:1/d", "mysql": "u:hidden@tcp(127.0.0.1:1)/d"}[s.driver]
		db, _ := openDSN(t, "pooled-"+s.driver, dsn, quiet, func(c *pooled.Config) { c.AcquireTimeout = 300 * time.Millisecond })
		var mu sync.Mutex
		named := 0
		var users sync.WaitGroup
		for range 30 {
			users.Go(func() {
				_, err := db.Exec("SELECT 1")
				if err == nil || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "hidden") {
					t.Errorf("want the refusal named: %v", err)
				}
				var op *net.OpError
				if !errors.As(err, &op) {
					t.Errorf("no *net.OpError: %v", err)
				}
				if errors.Is(err, pooled.ErrAcquireTimeout) {
					mu.Lock()
					named++
					mu.Unlock()
				}
			})
		}
		users.Wait()
		if named == 0 {
			t.Error("nobody waited until AcquireTimeout")
		}
		t.Logf("%d of 30 waited for the whole time", named)
	})
}

// The server is started while callers wait.
func TestServerStartedLateServesThoseWhoWait(t *testing.T) {
	for _, s := range []*realServer{realPostgres(t, testdb.Postgres(t)), realMariaDB(t, testdb.MySQL(t))} {
		t.Run(s.driver, func(t *testing.T) {
			db, p := s.open(t, quiet, limits(0, 5), func(c *pooled.Config) { c.OutageGrace = 30 * time.Second })
			do(t, db, "SELECT 1") // it has been there
			if err := s.Kill(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			var users sync.WaitGroup
			var mu sync.Mutex
			var last time.Time
			failed := 0
			for range 20 {
				users.Go(func() {
					_, err := db.ExecContext(ctx, "SELECT 1")
					mu.Lock()
					defer mu.Unlock()
					if last = time.Now(); err != nil {
						failed++
						t.Logf("%v", err)
					}
				})
			}
			eventually(t, "dials fail", func() bool { return p.Stats().DialErrors >= 5 })
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			up := time.Now()
			users.Wait()
			t.Logf("%v after the server was up all were answered, %d with an error", last.Sub(up), failed)
			if failed > 0 || last.Sub(up) > 2*time.Second {
				t.Errorf("%d failed; answered after %v", failed, last.Sub(up))
			}
		})
	}
}
