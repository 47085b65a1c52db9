package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/clientcert"
)

func init() {
	pooled.Register("pooled-mysql", Driver(), func(c *pooled.Config) { c.Dialect = Dialect{} })
}

// Driver returns the driver below the pool: go-sql-driver, with its sockets in
// the pool's sight. It is for a second registration with other defaults:
//
//	pooled.Register("reports", mysql.Driver(), func(c *pooled.Config) {
//		c.Dialect = mysql.Dialect{}
//		c.MaxConns = 3
//	})
func Driver() driver.Driver { return baseDriver{} }

// baseDriver is go-sql-driver with observed sockets.
type baseDriver struct{}

var (
	_ driver.Driver        = baseDriver{}
	_ driver.DriverContext = baseDriver{}
)

// Open dials one connection.
func (d baseDriver) Open(dsn string) (driver.Conn, error) {
	c, err := d.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

// OpenConnector fails where go-sql-driver's fails. An address may be a list of
// hosts (see the package comment).
func (baseDriver) OpenConnector(dsn string) (driver.Connector, error) {
	dsns, err := splitHosts(dsn)
	if err != nil {
		return nil, err
	}
	all := hosts{last: new(atomic.Int32)}
	for _, dsn := range dsns {
		cfg, err := parseDSN(dsn)
		if err != nil {
			return nil, err
		}
		if all.primary, err = takeTarget(cfg, len(dsns) > 1); err != nil {
			return nil, err
		}
		c, err := newConnector(cfg)
		if err != nil {
			return nil, err
		}
		all.list = append(all.list, host{cfg.Addr, c})
	}
	if len(all.list) == 1 && !all.primary {
		return all.list[0].connector, nil
	}
	return all, nil
}

// newConnector normalizes once more what ParseDSN has normalized, which
// changes nothing.
func newConnector(cfg *mysql.Config) (c connector, err error) {
	Observe(cfg)
	if err := askPassword(cfg); err != nil {
		return c, err
	}
	base, err := mysql.NewConnector(cfg)
	if err != nil {
		return c, err
	}
	c = connector{base, base, !cfg.InterpolateParams, hasOwnTimeout(cfg), wantsReadOnly(cfg), clientcert.Shown(cfg.TLS)}
	if cfg.RejectReadOnly {
		cfg = cfg.Clone()
		cfg.RejectReadOnly = false
		c.pooled, err = mysql.NewConnector(cfg)
	}
	return c, err
}

// connector is go-sql-driver's under the name of our driver.
type connector struct {
	driver.Connector
	pooled     driver.Connector // dials for the pool
	prepares   bool             // plain queries with arguments are prepared first
	ownTimeout bool             // the DSN says how long statements may run
	readOnly   bool             // the DSN asks for sessions that take no writes
	clientCert bool             // the client shows a certificate
}

// Connect dials. For the pool, the server is asked to enforce its query
// timeout, and errors come as they are: rejectReadOnly makes driver.ErrBadConn
// of those of a server that takes no writes, after which nobody can tell that
// the statement did not run, while the pool knows them by their numbers and
// leaves such a server itself.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if !pooled.Observing(ctx) {
		conn, err := c.Connector.Connect(ctx)
		return conn, hideNetwork(err)
	}
	conn, err := c.pooled.Connect(ctx)
	err = hideNetwork(err)
	if c.clientCert && brokeOff(err) {
		err = clientcert.Hint(err)
	}
	if d := pooled.StatementTimeout(ctx); err == nil && d > 0 && !c.ownTimeout {
		if err = limitStatements(ctx, conn, d); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, err
}

// brokeOff tells whether a dial ended with a broken connection and nobody's
// word on why: a socket's error, ErrInvalidConn, or what go-sql-driver says when
// nothing was sent, which it does not export.
func brokeOff(err error) bool {
	if _, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return false
	}
	if _, ok := errors.AsType[passwordError](err); ok {
		return false
	}
	f := Dialect{}.Fault(err)
	return f == pooled.FaultLinkLost || f == pooled.FaultProgram
}

// Prepares tells the pool what the configuration makes of plain queries.
func (c connector) Prepares() pooled.Prepares {
	return pooled.Prepares{Plain: c.prepares, KeepUnused: true}
}

// WantsReadOnly tells the pool that the program itself asks for sessions that take
// no writes. That one is refused then is no reason to look for another server.
func (c connector) WantsReadOnly() bool { return c.readOnly }

// Driver returns the driver that opened the connector.
func (connector) Driver() driver.Driver { return baseDriver{} }

// Observe puts the sockets that cfg dials in the pool's sight (see
// [pooled.ObserveConn]). Plain connection strings need no call. A program that
// builds its own configuration calls it before NewConnector:
//
//	pooledmysql.Observe(cfg)
//	base, err := mysql.NewConnector(cfg)
//	...
//	c, err := pooled.WrapConnector(base, func(c *pooled.Config) { c.Dialect = pooledmysql.Dialect{} })
//	...
//	db := sql.OpenDB(c)
//
// Without it everything works, but the pool has no evidence of what was sent
// and retries less. A network registered with mysql.RegisterDialContext under
// a name of its own keeps its dial function. Connections that cfg dials
// without a pool are left as they are.
func Observe(cfg *mysql.Config) {
	dial := cfg.DialFunc
	if dial == nil {
		switch cfg.Net {
		case "", "tcp", "tcp4", "tcp6", "unix":
			dial = new(net.Dialer).DialContext // what go-sql-driver does
		default:
			return
		}
	}
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return c, err
		}
		return pooled.ObserveConn(ctx, c), nil
	}
}
