package pgx

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/clientcert"
)

func init() {
	pooled.Register("pooled-pgx", Driver(), func(c *pooled.Config) { c.Dialect = Dialect{} })
}

// Driver returns the driver below the pool: pgx's own, with its sockets in the
// pool's sight. It is for a second registration with other defaults:
//
//	pooled.Register("reports", pgx.Driver(), func(c *pooled.Config) {
//		c.Dialect = pgx.Dialect{}
//		c.MaxConns = 3
//	})
func Driver() driver.Driver { return baseDriver{} }

// baseDriver is stdlib's driver with observed sockets.
type baseDriver struct{}

var (
	_ driver.Driver        = baseDriver{}
	_ driver.DriverContext = baseDriver{}
)

// Open dials one connection, bounded by a minute as stdlib's own Open is.
func (d baseDriver) Open(dsn string) (driver.Conn, error) {
	c, err := d.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return c.Connect(ctx)
}

// OpenConnector reads nothing of the DSN yet: stdlib's connector reads it anew
// for every connection, so a password file or certificate that was replaced
// in the meantime is found.
func (baseDriver) OpenConnector(dsn string) (driver.Connector, error) {
	base, err := stdlib.GetDefaultDriver().(driver.DriverContext).OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return connector{dsn: dsn, base: base, timeout: new(serverTimeout)}, nil
}

// connector dials as stdlib's connector for the same DSN does.
type connector struct {
	dsn     string
	base    driver.Connector
	timeout *serverTimeout
}

// Connect dials. A DSN that does not parse is a name given by
// stdlib.RegisterConnConfig or a mistake; stdlib's connector knows both.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	cfg, err := pgx.ParseConfig(c.dsn)
	if err != nil {
		conn, err := c.base.Connect(ctx)
		return conn, unreadable(err)
	}
	Observe(cfg)
	c.askPassword(ctx, cfg)
	var opts []stdlib.OptionOpenDB
	if pooled.Observing(ctx) {
		boundCancel(cfg)
		// The pool looks after links that were idle; stdlib's ping, one more
		// round trip after a second of idleness, would be the second one.
		opts = append(opts, stdlib.OptionShouldPing(never))
	}
	limited := c.timeout.put(ctx, cfg)
	conn, err := stdlib.GetConnector(*cfg, opts...).Connect(ctx)
	if pooled.Observing(ctx) && clientcert.Shown(cfg.TLSConfig) && brokeOff(err) {
		err = clientcert.Hint(err)
	}
	if !limited || !isRefusal(err) {
		return conn, err
	}
	delete(cfg.RuntimeParams, "statement_timeout")
	if conn, err = stdlib.GetConnector(*cfg, opts...).Connect(ctx); err == nil {
		c.timeout.refused.Store(true)
	}
	return conn, err
}

// brokeOff tells whether a socket broke while a connection was made.
func brokeOff(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return (op.Op == "read" || op.Op == "write") && !op.Timeout()
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// cancelLimit is how long a cancel request may take. pgx gives it 15 s; a server
// that does not answer it in this time does not answer at all.
const cancelLimit = 3 * time.Second

// boundCancel bounds the cancel requests of the one connection that is made
// of cfg: they are what it dials outside of the pool's dial. pgx reads from
// them in a goroutine that would outlive the pool on a server that hangs.
func boundCancel(cfg *pgx.ConnConfig) {
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if pooled.Observing(ctx) {
			return dial(ctx, network, addr)
		}
		ctx, cancel := context.WithTimeout(ctx, cancelLimit)
		defer cancel()
		c, err := dial(ctx, network, addr)
		if err == nil {
			_ = c.SetDeadline(time.Now().Add(cancelLimit)) // pgx sets none before its own
		}
		return c, err
	}
}

// Driver returns the driver that opened the connector.
func (connector) Driver() driver.Driver { return baseDriver{} }

func never(context.Context, stdlib.ShouldPingParams) bool { return false }

// Observe puts the sockets that cfg dials in the pool's sight (see
// [pooled.ObserveConn]). Plain connection strings need no call. A program that
// builds its own configuration calls it before it hands the configuration on:
//
//	cfg, err := pgx.ParseConfig(dsn)
//	...
//	pooledpgx.Observe(cfg)
//	db, err := sql.Open("pooled-pgx", stdlib.RegisterConnConfig(cfg))
//
// Without it everything works, but the pool has no evidence of what was sent
// and retries less. Connections that cfg dials without a pool are left as they
// are.
func Observe(cfg *pgx.ConnConfig) {
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return c, err
		}
		return pooled.ObserveConn(ctx, c), nil
	}
	observePrepare(cfg)
}
