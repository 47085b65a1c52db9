package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
)

// Register makes base available to sql.Open under name, with a pool: it is
// sql.Register of Wrap. Call it once, from an init function.
func Register(name string, base driver.Driver, opts ...Option) {
	w := &wrapped{base: base, opts: opts}
	sql.Register(name, w)
	registered.Store(name, w)
}

// registered holds what Register was given, by name, for Open.
var registered sync.Map

// Wrap returns a driver that serves base's connections through a pool. Each
// data source name opened with it has a pool of its own.
func Wrap(base driver.Driver, opts ...Option) driver.Driver {
	return &wrapped{base: base, opts: opts}
}

// WrapConnector returns a connector that serves base's connections through a
// pool, for sql.OpenDB. The error tells what is wrong with the settings.
func WrapConnector(base driver.Connector, opts ...Option) (driver.Connector, error) {
	cfg, err := resolveConnector(opts)
	if err != nil {
		return nil, err
	}
	return newConnector(&wrapped{base: base.Driver(), opts: opts}, base, cfg)
}

// Open is sql.Open for a driver that pooled has wrapped, with options, and
// with the sql.DB tuned to the pool: as many idle handles as links, which is
// the fastest path. The settings are validated; no server is contacted.
func Open(driverName, dsn string, opts ...Option) (*sql.DB, error) {
	w, err := wrappedDriver(driverName, dsn)
	if err != nil {
		return nil, err
	}
	c, err := (&wrapped{w.base, slices.Concat(w.opts, opts)}).OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxIdleConns(c.(*connector).pool.cfg.MaxConns)
	return db, nil
}

// wrappedDriver finds the driver that was registered under a name through this
// package, by Register or by sql.Register of what Wrap returns.
func wrappedDriver(name, dsn string) (*wrapped, error) {
	if w, ok := registered.Load(name); ok {
		return w.(*wrapped), nil
	}
	db, err := sql.Open(name, dsn) // package sql has no other way to a driver
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if d, ok := db.Driver().(*pooledDriver); ok {
		return d.wrapped, nil
	}
	return nil, fmt.Errorf("pooled: Open(%q): this driver was not wrapped by pooled; import a leaf such as github.com/pooledsql/pooled/pgx, or call pooled.Register", name)
}

// From returns the pool behind db, and whether there is one.
func From(db *sql.DB) (*Pool, bool) {
	d, ok := db.Driver().(*pooledDriver)
	if !ok || d.pool.cfg.DisablePool {
		return nil, false
	}
	d.pool.maxOpen.Store(int64(db.Stats().MaxOpenConnections))
	return d.pool, true
}

// poolOf is From for our own use, which leaves sql.DB's lock alone.
func poolOf(db *sql.DB) *Pool {
	if d, ok := db.Driver().(*pooledDriver); ok && !d.pool.cfg.DisablePool {
		return d.pool
	}
	return nil
}

// wrapped is a base driver and the options it was wrapped with.
type wrapped struct {
	base driver.Driver
	opts []Option
}

var _ driver.DriverContext = (*wrapped)(nil)

// OpenConnector is called by sql.Open. A fault in the settings shows here.
func (w *wrapped) OpenConnector(dsn string) (driver.Connector, error) {
	cfg, err := resolve(dsn, w.opts)
	if err != nil {
		return nil, err
	}
	base, err := w.baseConnector(cfg.dsn)
	if err != nil {
		return nil, err
	}
	return newConnector(w, base, cfg)
}

// baseConnector is what sql.Open makes of the base and a DSN.
func (w *wrapped) baseConnector(dsn string) (driver.Connector, error) {
	if dc, ok := w.base.(driver.DriverContext); ok {
		return dc.OpenConnector(dsn)
	}
	return dsnConnector{w.base, dsn}, nil
}

// Open gives one link without a pool: it is what a wrapper above calls that
// knows no driver.DriverContext, once for each connection of its own pool.
func (w *wrapped) Open(dsn string) (driver.Conn, error) {
	off := func(c *Config) { c.DisablePool = true }
	c, err := (&wrapped{w.base, append(slices.Clip(w.opts), off)}).OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

// dsnConnector is for a base that opens by name only.
type dsnConnector struct {
	driver driver.Driver
	dsn    string
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }

// pooledDriver is what DB.Driver returns: the wrapped driver, and the pool of
// the one connector it came from, for From.
type pooledDriver struct {
	*wrapped
	pool *Pool
}

// connector hands out handles of one pool.
type connector struct {
	pool   *Pool
	driver *pooledDriver
}

func newConnector(w *wrapped, base driver.Connector, cfg *Config) (driver.Connector, error) {
	fallback, err := w.newFallback(cfg)
	if err != nil {
		return nil, err
	}
	p := newPool(cfg, base)
	p.fallback = fallback
	return &connector{pool: p, driver: &pooledDriver{w, p}}, nil
}

// Connect answers at once with a handle that holds no link. With the pool off
// it dials.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	p := c.pool
	h := &conn{pool: p, off: p.cfg.DisablePool}
	if h.off {
		base, err := p.connectBase(ctx)
		if err != nil {
			return nil, err
		}
		h.link = newLink(p, base)
		h.link.wire = new(wireSlot) // nothing is observed: the base is on its own
		h.state.take(nano(), 0)
		if l := h.link; l.execer == nil && l.queryer == nil {
			return &preparing{h}, nil
		}
		return h, nil
	}
	p.seeAbove()
	p.reopen()
	if p.fallback != nil {
		return fallbackConn{h}, nil
	}
	return h, nil
}

// Driver returns the wrapped driver.
func (c *connector) Driver() driver.Driver { return c.driver }

// Close is called by db.Close.
func (c *connector) Close() error { return c.pool.close() }
