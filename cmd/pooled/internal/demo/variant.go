package demo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"sync/atomic"
	"time"

	"github.com/pooledsql/pooled"
)

// variant is one way to open the database, under load.
type variant struct {
	name string
	db   *sql.DB
	dial *dialCounter
	open func() int // connections that are open, or on their way, now
}

// The names of the variants, as the table prints them.
const (
	nameDefault = "sql.Open"
	nameTuned   = "tuned sql.DB"
	namePooled  = "pooled"
)

// variants opens the three. The first two are the bare driver.
func (t *target) variants(conns int) ([]*variant, error) {
	count := &dialCounter{base: t.base}
	c, err := pooled.Wrap(count, append(t.options, func(c *pooled.Config) {
		own(c)
		c.MaxConns = conns
		c.AcquireTimeout = 30 * time.Second
	})...).(driver.DriverContext).OpenConnector(t.dsn)
	if err != nil {
		return nil, err
	}
	// What follows is pooled.Open, which takes no connector.
	db := sql.OpenDB(c)
	db.SetMaxIdleConns(conns)
	pool, _ := pooled.From(db)
	third := &variant{name: namePooled, db: db, dial: count, open: func() int {
		n := pool.Stats().Counts
		return n.InUse + n.Idle + n.Dialling + n.Closing
	}}

	// The pool has told its driver the DSN without the pool's own settings,
	// which the bare driver would not know.
	first, err := t.bareVariant(nameDefault, count.dsn)
	if err != nil {
		db.Close()
		return nil, err
	}
	second, err := t.bareVariant(nameTuned, count.dsn)
	if err != nil {
		db.Close()
		first.db.Close()
		return nil, err
	}
	second.db.SetMaxOpenConns(conns)
	second.db.SetMaxIdleConns(conns)
	second.db.SetConnMaxLifetime(30 * time.Minute)
	second.db.SetConnMaxIdleTime(10 * time.Minute)
	return []*variant{first, second, third}, nil
}

// bareVariant does what sql.Open does, but counts.
func (t *target) bareVariant(name, dsn string) (*variant, error) {
	count := &dialCounter{base: t.bare}
	c, err := count.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	return &variant{name: name, db: db, dial: count, open: func() int { return db.Stats().OpenConnections }}, nil
}

// dialCounter counts the connections that a driver is asked for.
type dialCounter struct {
	base  driver.Driver
	dsn   string // as it arrived
	dials atomic.Int64
}

var _ driver.DriverContext = (*dialCounter)(nil)

func (d *dialCounter) Open(dsn string) (driver.Conn, error) {
	d.dials.Add(1)
	return d.base.Open(dsn)
}

func (d *dialCounter) OpenConnector(dsn string) (driver.Connector, error) {
	d.dsn = dsn
	dc, ok := d.base.(driver.DriverContext)
	if !ok {
		return countedByName{d}, nil
	}
	base, err := dc.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	counted := countedConnector{base, d}
	if p, ok := base.(preparer); ok {
		return countedPreparer{counted, p}, nil
	}
	return counted, nil
}

// countedByName is for a driver that opens by name only.
type countedByName struct{ d *dialCounter }

func (c countedByName) Connect(context.Context) (driver.Conn, error) { return c.d.Open(c.d.dsn) }
func (c countedByName) Driver() driver.Driver                        { return c.d }

type countedConnector struct {
	driver.Connector
	d *dialCounter
}

func (c countedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c.d.dials.Add(1)
	return c.Connector.Connect(ctx)
}

// Close is called by db.Close.
func (c countedConnector) Close() error {
	if base, ok := c.Connector.(io.Closer); ok {
		return base.Close()
	}
	return nil
}

// preparer is what a connector may tell the pool about prepared statements.
type preparer interface{ Prepares() pooled.Prepares }

type countedPreparer struct {
	countedConnector
	preparer
}
