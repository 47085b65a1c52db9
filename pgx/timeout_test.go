package pgx

import (
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pooledsql/pooled"
)

// pooler takes connections as PgBouncer does, which refuses startup
// parameters that it does not know, and reports what it was sent.
func pooler(t *testing.T) (dsn string, startups <-chan map[string]string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	seen := make(chan map[string]string, 20)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serveStartup(c, seen)
		}
	}()
	return "postgres://u@" + l.Addr().String() + "/d?sslmode=disable", seen
}

func serveStartup(c net.Conn, seen chan<- map[string]string) {
	defer c.Close()
	b := pgproto3.NewBackend(c, c)
	m, err := b.ReceiveStartupMessage()
	if err != nil {
		return
	}
	params := m.(*pgproto3.StartupMessage).Parameters
	seen <- params
	if _, ok := params["statement_timeout"]; ok {
		b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: statement_timeout"})
		b.Flush()
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	b.Flush()
	b.Receive() // the goodbye
}

func TestPoolerThatRefusesTheTimeoutIsDialledWithoutIt(t *testing.T) {
	dsn, startups := pooler(t)
	db, err := pooled.Open("pooled-pgx", dsn, func(c *pooled.Config) {
		c.QueryTimeout, c.MinConns, c.MaxConns = time.Minute, pooled.Off, 1
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, _ := pooled.From(db)
	for i, want := range []string{"60000", "", ""} {
		if i != 1 { // the first dial asks twice, the second knows
			c, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Raw(func(dc any) error { _, err := pooled.Unwrap(dc); return err }); err != nil {
				t.Fatal(err)
			}
			c.Close()
			p.Evict()
		}
		if got := (<-startups)["statement_timeout"]; got != want {
			t.Errorf("start %d has the timeout %q, want %q", i, got, want)
		}
	}
}

func TestTimeoutOfTheProgramIsFound(t *testing.T) {
	for dsn, want := range map[string]bool{
		"postgres://u@h/d":                                     false,
		"postgres://u@h/d?lock_timeout=5s":                     false,
		"postgres://u@h/d?statement_timeout=5s":                true,
		"postgres://u@h/d?options=-c%20statement_timeout%3D5s": true,
		"postgres://u@h/d?options=--statement-timeout%3D5s":    true,
		"postgres://u@h/d?Statement_Timeout=5s":                true,
		"postgres://u@h/d?options=-c%20STATEMENT_TIMEOUT%3D5s": true,
	} {
		cfg, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if hasOwnTimeout(cfg) != want {
			t.Errorf("%s: want %v", dsn, want)
		}
	}
}
