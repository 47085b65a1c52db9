package pgx

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
)

// askPassword has cfg ask for the password of each server that it leads to (see
// [pooled.Config].Password), once the server has taken the connection: one that is
// away needs none, and pgconn has no other place that is called for each
// server with the configuration at hand. cfg is for one Connect, under ctx.
func (c connector) askPassword(ctx context.Context, cfg *pgx.ConnConfig) {
	ask := pooled.PasswordFunc(ctx)
	if ask == nil {
		return
	}
	at := newTried(cfg)
	dial, lookup := cfg.DialFunc, cfg.LookupFunc
	cfg.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		addrs, err := lookup(ctx, host)
		at.found(addrs)
		return addrs, err
	}
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		at.dials(addr)
		return dial(ctx, network, addr)
	}
	cfg.AfterNetConnect = func(ctx context.Context, used *pgconn.Config, conn net.Conn) (net.Conn, error) {
		end, _ := Dialect{}.Endpoint(c.dsn) // it was read just now
		end.Host, end.Port = at.server()
		if _, ok := conn.(*tls.Conn); !ok {
			end.TLS = pooled.TLSOff
		} else if end.TLS == pooled.TLSOff {
			end.TLS = pooled.TLSUnverified // sslmode=prefer got what it prefers
		}
		var err error
		used.Password, err = ask(ctx, end)
		return conn, err
	}
}

// tried knows the server that pgconn is trying by the name that it has in the
// connection string: two names may lead to one address. pgconn first looks up
// all names and then dials the addresses, both in the order of the string.
type tried struct {
	names  []*pgconn.FallbackConfig // all but Unix sockets, which are not looked up
	looked int                      // lookups made

	mu    sync.Mutex // cancel requests dial, too, while the connection lives
	addrs []string
	of    []*pgconn.FallbackConfig // of which name each address is
	last  int                      // of the addresses: dialled last
	addr  string                   // dialled last
}

func newTried(cfg *pgx.ConnConfig) *tried {
	t := new(tried)
	for _, h := range append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port}}, cfg.Fallbacks...) {
		if network, _ := pgconn.NetworkAddress(h.Host, h.Port); network != "unix" {
			t.names = append(t.names, h)
		}
	}
	return t
}

// found is called with the addresses of the next name.
func (t *tried) found(ips []string) {
	name := t.names[t.looked%len(t.names)]
	t.looked++
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ip := range ips {
		t.addrs = append(t.addrs, net.JoinHostPort(ip, strconv.Itoa(int(name.Port))))
		t.of = append(t.of, name)
	}
	t.last = len(t.addrs) - 1
}

func (t *tried) dials(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addr = addr
	for range t.addrs {
		if t.last = (t.last + 1) % len(t.addrs); t.addrs[t.last] == addr {
			return
		}
	}
}

// server returns the name and the port of the server that was dialled last.
func (t *tried) server() (host string, port int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.addrs) > 0 && t.addrs[t.last] == t.addr {
		return t.of[t.last].Host, int(t.of[t.last].Port)
	}
	// A Unix socket: directory/.s.PGSQL.5432
	port, _ = strconv.Atoi(strings.TrimPrefix(filepath.Ext(t.addr), "."))
	return filepath.Dir(t.addr), port
}
