package pooled_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pooledsql/pooled"
)

// vault knows the present password of one user, and who has asked for it.
type vault struct {
	s        *realServer
	user     string
	mu       sync.Mutex
	password string
	asked    []pooled.Endpoint
}

// newVault makes a user whose password changes.
func newVault(t *testing.T, s *realServer) *vault {
	v := &vault{s: s, user: "u" + s.database, password: "first-" + s.database}
	admin := s.admin(t)
	if s.driver == "pgx" {
		do(t, admin, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", v.user, v.password))
		t.Cleanup(func() { do(t, admin, "DROP ROLE "+v.user) })
	} else {
		do(t, admin, fmt.Sprintf("CREATE USER %s IDENTIFIED BY '%s'", v.user, v.password),
			fmt.Sprintf("GRANT ALL ON %s.* TO %s", s.database, v.user))
		t.Cleanup(func() { do(t, admin, "DROP USER "+v.user) })
	}
	return v
}

func (v *vault) get(_ context.Context, server pooled.Endpoint) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, server)
	return v.password, nil
}

// rotate changes the password on the server, and here unless the vault is late.
func (v *vault) rotate(t *testing.T, to string, late bool) {
	t.Helper()
	alter := "ALTER ROLE %s PASSWORD '%s'"
	if v.s.driver == "mysql" {
		alter = "ALTER USER %s IDENTIFIED BY '%s'"
	}
	do(t, v.s.admin(t), fmt.Sprintf(alter, v.user, to))
	if !late {
		v.set(to)
	}
}

func (v *vault) set(to string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.password = to
}

// dsn has a password that is wrong.
func (v *vault) dsn(addrs string) string {
	if v.s.driver == "pgx" {
		return "postgres://" + v.user + ":stale@" + addrs + "/" + v.s.database + "?sslmode=disable"
	}
	return v.user + ":stale@tcp(" + addrs + ")/" + v.s.database
}

func (v *vault) option(c *pooled.Config) { c.Password = v.get }

// hosts returns host:port of everybody who was asked about since the last call.
func (v *vault) hosts() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []string
	for _, e := range v.asked {
		out = append(out, net.JoinHostPort(e.Host, fmt.Sprint(e.Port)))
	}
	v.asked = nil
	return out
}

func TestPasswordThatChangesIsAskedForWithEveryDial(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		v := newVault(t, s)
		db, p := openDSN(t, "pooled-"+s.driver, v.dsn(s.Addr()), quiet, v.option, limits(0, 3))
		hold := func() asker {
			c, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			do(t, c, "SELECT 1")
			return c
		}
		first := hold()
		v.rotate(t, "second-S3cret", false)
		second := hold()
		do(t, first, "SELECT 1") // old connections go on
		if got := v.hosts(); !slices.Equal(got, []string{s.Addr(), s.Addr()}) {
			t.Errorf("asked about %v, want %s twice", got, s.Addr())
		}

		// A vault that is late is asked again until it knows.
		v.rotate(t, "third-S3cret", true)
		want := map[string]any{"pgx": "28P01", "mysql": 1045}[s.driver]
		_, err := db.Exec("SELECT 1")
		if code(err) != want || strings.Contains(fmt.Sprint(err), "S3cret") {
			t.Errorf("code %v, want %v: %v", code(err), want, err)
		}
		v.set("third-S3cret")
		eventually(t, "the new password is used", func() bool { _, err := db.Exec("SELECT 1"); return err == nil })
		do(t, second, "SELECT 1")
		if n := p.Stats().ClosedBroken; n != 0 {
			t.Errorf("%d connections were lost", n)
		}
	})
}

func TestPasswordIsThatOfTheHostThatIsTried(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		v := newVault(t, s)
		host, port, _ := net.SplitHostPort(s.Addr())
		again := "localhost:" + port
		dsn := v.dsn("127.0.0.1:1," + again + "," + s.Addr())
		want := []string{"127.0.0.1:1", again} // mysql asks before it dials
		if s.driver == "pgx" {
			// The second and the third are one server by two names, no standby, so
			// that pgx tries both and settles for the first.
			dsn += "&target_session_attrs=prefer-standby"
			want = []string{again, s.Addr(), again}
		}
		if host != "127.0.0.1" {
			t.Skip("the server is not on this machine")
		}
		db, _ := openDSN(t, "pooled-"+s.driver, dsn, quiet, v.option, limits(0, 1))
		do(t, db, "SELECT 1")
		if got := v.hosts(); !slices.Equal(got, want) {
			t.Errorf("asked about %v, want %v", got, want)
		}
	})
}

func TestPasswordIsAskedForTheFallback(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		v := newVault(t, s)
		db, _ := openDSN(t, "pooled-"+s.driver, v.dsn("127.0.0.1:1"), quiet, v.option, limits(0, 2), func(c *pooled.Config) {
			c.ReadFallback, c.BreakerThreshold = v.dsn(s.Addr()), 1
		})
		var one int
		eventually(t, "the fallback answers", func() bool { return db.QueryRow("SELECT 1").Scan(&one) == nil })
		if got := v.hosts(); !slices.Contains(got, s.Addr()) {
			t.Errorf("asked about %v, not about the fallback at %s", got, s.Addr())
		}
	})
}

func TestPasswordWithThePoolOff(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		v := newVault(t, s)
		db, _ := openDSN(t, "pooled-"+s.driver, v.dsn(s.Addr()), v.option, func(c *pooled.Config) { c.DisablePool = true })
		for _, password := range []string{"second", "third"} {
			do(t, db, "SELECT 1")
			v.rotate(t, password, false)
			db.SetMaxIdleConns(-1) // the next use dials
		}
		do(t, db, "SELECT 1")
		if got := v.hosts(); len(got) != 3 {
			t.Errorf("asked %d times, want 3", len(got))
		}
	})
}

// What goes wrong in the program's function is the dial's error, without what
// may be the secret.
func TestPasswordThatCannotBeHad(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		errVault := errors.New("the vault is sealed")
		blocked := make(chan struct{})
		t.Cleanup(func() { close(blocked) })
		for _, c := range []struct {
			name string
			get  func(context.Context, pooled.Endpoint) (string, error)
			want string
			is   error
		}{
			{"error", func(context.Context, pooled.Endpoint) (string, error) { return "S3cret", errVault }, "for 127.0.0.1: the vault is sealed", errVault},
			{"panic", func(context.Context, pooled.Endpoint) (string, error) { panic("S3cret") }, "panicked with a string", nil},
			{"index", func(_ context.Context, to pooled.Endpoint) (string, error) { return []string(nil)[to.Port], nil }, "out of range", nil},
			{"ignores its context", func(context.Context, pooled.Endpoint) (string, error) { <-blocked; return "", nil }, "", context.DeadlineExceeded},
		} {
			t.Run(c.name, func(t *testing.T) {
				db, _ := openDSN(t, "pooled-"+s.driver, s.dsn, quiet, func(cfg *pooled.Config) {
					cfg.Password = c.get
					if c.want == "" {
						cfg.ConnectTimeout = 1e8
					}
				})
				_, err := db.Exec("SELECT 1")
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "S3cret") {
					t.Errorf("got error %v, want %q in it", err, c.want)
				}
				if c.is != nil && !errors.Is(err, c.is) {
					t.Errorf("got error %v, want %v", err, c.is)
				}
			})
		}
	})
}
