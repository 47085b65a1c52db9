package pooled_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/mysql"
	"github.com/pooledsql/pooled/pgx"
)

// wireServer is what the tests over real servers need to know of one.
type wireServer struct {
	name, dsn string
	drv       driver.Driver
	own       string // the session's own number
	alive     string // counts the sessions with a number
	kill      string // ends the session with a number
	secret    string // tells whether the session that asks is encrypted
}

func wireServers(t *testing.T) []wireServer {
	var all []wireServer
	add := func(s wireServer, encryptedDSN string) {
		plain := s
		plain.secret = ""
		s.name += "/TLS"
		s.dsn = encryptedDSN
		all = append(all, plain, s)
	}
	postgres, mariadb := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	dsn := postgres.AdminDSN(postgres.NewDatabase(t))
	add(wireServer{"PostgreSQL", dsn, pgx.Driver(), `select pg_backend_pid()`,
		`select count(*) from pg_stat_activity where pid = $1`,
		`select pg_terminate_backend($1)`,
		`select ssl from pg_stat_ssl where pid = pg_backend_pid()`,
	}, strings.Replace(dsn, "sslmode=disable", "sslmode=require", 1))
	dsn = mariadb.AdminDSN(mariadb.NewDatabase(t))
	add(wireServer{"MySQL", dsn, mysql.Driver(), `select connection_id()`,
		`select count(*) from information_schema.processlist where id = ?`,
		`kill ?`,
		`select variable_value <> '' from information_schema.session_status where variable_name = 'Ssl_cipher'`,
	}, withParam(dsn, "tls=skip-verify"))
	return all
}

// withParam adds a parameter to a DSN of go-sql-driver/mysql.
func withParam(dsn, param string) string {
	if strings.Contains(dsn, "?") {
		return dsn + "&" + param
	}
	return dsn + "?" + param
}

// dial returns an observed connection and the number of its session.
func (s wireServer) dial(t *testing.T) (driver.Conn, int64, interface {
	Written() (uint64, bool)
	PeerClosed() bool
	Closed() bool
	LingerClose(time.Duration)
}) {
	t.Helper()
	c, err := s.drv.(driver.DriverContext).OpenConnector(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, slot := pooled.WithWire(context.Background())
	conn, err := c.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if s.secret != "" {
		var encrypted sql.NullBool
		if err := encrypted.Scan(value(t, conn, s.secret)); err != nil || !encrypted.Bool {
			t.Fatalf("the session is not encrypted: %v", err)
		}
	}
	var id sql.NullInt64
	if err := id.Scan(value(t, conn, s.own)); err != nil {
		t.Fatal(err)
	}
	return conn, id.Int64, slot
}

// value asks a connection that no sql.DB holds.
func value(t *testing.T, conn driver.Conn, query string) driver.Value {
	t.Helper()
	rows, err := conn.(driver.QueryerContext).QueryContext(t.Context(), query, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	v := make([]driver.Value, 1)
	if err := rows.Next(v); err != nil {
		t.Fatal(err)
	}
	return v[0]
}

func (s wireServer) admin(t *testing.T) *sql.DB {
	t.Helper()
	c, err := s.drv.(driver.DriverContext).OpenConnector(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() { db.Close() })
	return db
}

func (s wireServer) sessions(t *testing.T, db *sql.DB, id int64) (n int) {
	t.Helper()
	if err := db.QueryRow(s.alive, id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestServerSessionIsGoneAfterALingeringClose(t *testing.T) {
	for _, s := range wireServers(t) {
		t.Run(s.name, func(t *testing.T) {
			conn, id, slot := s.dial(t)
			defer conn.Close()
			db := s.admin(t)
			if n := s.sessions(t, db, id); n != 1 {
				t.Fatalf("%d sessions while open", n)
			}
			if n, ok := slot.Written(); n == 0 || !ok {
				t.Fatal("the socket was not observed")
			}
			left := map[bool]int{}
			var took time.Duration
			const rounds = 20
			for _, linger := range []bool{false, true} {
				for range rounds {
					conn, id, slot := s.dial(t)
					start := time.Now()
					if linger {
						slot.LingerClose(2 * time.Second)
					}
					conn.Close()
					if linger {
						took = max(took, time.Since(start))
					}
					left[linger] += s.sessions(t, db, id)
					if !slot.Closed() {
						t.Fatal("not closed")
					}
				}
			}
			t.Logf("of %d sessions there right after Close: %d, lingering: %d (at most %v)", rounds, left[false], left[true], took)
			if left[true] > rounds/10 {
				t.Errorf("%d of %d sessions outlived a lingering close", left[true], rounds)
			}
			if took > busy(time.Second) {
				t.Errorf("a lingering close took %v", took)
			}
		})
	}
}

func TestServerHangUpIsSeen(t *testing.T) {
	for _, s := range wireServers(t) {
		t.Run(s.name, func(t *testing.T) {
			conn, id, slot := s.dial(t)
			defer conn.Close()
			time.Sleep(10 * time.Millisecond)
			if slot.PeerClosed() {
				t.Fatal("hung up at once")
			}
			if _, err := s.admin(t).Exec(s.kill, id); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for !slot.PeerClosed() {
				if time.Since(start) > 5*time.Second {
					t.Fatal("not seen")
				}
				time.Sleep(time.Millisecond)
			}
			t.Logf("seen after %v", time.Since(start))

			// A statement on it afterwards may leave this process once, and
			// never again once the base driver has noticed.
			query := func() error {
				rows, err := conn.(driver.QueryerContext).QueryContext(t.Context(), s.own, nil)
				if err == nil {
					rows.Close()
				}
				return err
			}
			if query() == nil {
				t.Error("a dead session answered")
			}
			before, _ := slot.Written()
			if query() == nil {
				t.Error("a dead session answered")
			}
			if after, _ := slot.Written(); after != before {
				t.Errorf("%d bytes left through a closed link", after-before)
			}
		})
	}
}

// stdlib pings a connection that was idle for a second. A pool does that
// itself; without a pool (pool=off) stdlib must go on doing it.
func TestServerIsPingedByStdlibOnlyWithoutAPool(t *testing.T) {
	server := testdb.SharedPostgres(t)
	dsn := server.AdminDSN(server.NewDatabase(t))
	s := wireServer{name: "PostgreSQL", dsn: dsn, drv: pgx.Driver(), own: `select pg_backend_pid()`}
	observed, id, slot := s.dial(t)
	defer observed.Close()
	c, err := s.drv.(driver.DriverContext).OpenConnector(dsn)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	before, _ := slot.Written()
	reset := func(c driver.Conn) error { return c.(driver.SessionResetter).ResetSession(t.Context()) }
	if err := reset(observed); err != nil {
		t.Error(err)
	}
	if after, _ := slot.Written(); after != before {
		t.Errorf("ResetSession under a pool sent %d bytes", after-before)
	}

	// A session that was ended shows who pings: only a ping finds out.
	var pid uint32
	if err := withPgx(plain, func(p uint32) { pid = p }); err != nil {
		t.Fatal(err)
	}
	db := s.admin(t)
	for _, n := range []int64{id, int64(pid)} {
		if _, err := db.Exec(`select pg_terminate_backend($1, 5000)`, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := reset(observed); err != nil {
		t.Errorf("ResetSession under a pool: %v", err)
	}
	if err := reset(plain); err != driver.ErrBadConn {
		t.Errorf("ResetSession without a pool: %v", err)
	}
}

func withPgx(c driver.Conn, f func(pid uint32)) error {
	p, err := pgx.Unwrap(c)
	if err == nil {
		f(p.PgConn().PID())
	}
	return err
}
