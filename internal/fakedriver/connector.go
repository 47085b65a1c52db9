package fakedriver

import (
	"context"
	"database/sql/driver"
	"io"
	"sync/atomic"
)

// Connector returns a connector of the server's driver. It has Close only
// where the shape says so.
func (s *Server) Connector() driver.Connector {
	if s.shape.closer {
		return &closingConnector{connector: connector{s}}
	}
	return connector{s}
}

// Driver returns the server's driver, which takes any name to open.
func (s *Server) Driver() driver.Driver {
	if s.shape.driverContext {
		return contextDriver{plainDriver{s}}
	}
	return plainDriver{s}
}

// plainDriver has Open alone, as modernc sqlite's, sqlmock's and lib/pq's do.
type plainDriver struct{ srv *Server }

func (d plainDriver) Open(string) (driver.Conn, error) { return d.srv.connect(context.Background()) }

// contextDriver has OpenConnector too.
type contextDriver struct{ plainDriver }

var _ driver.DriverContext = contextDriver{}

func (d contextDriver) OpenConnector(string) (driver.Connector, error) { return d.srv.Connector(), nil }

type connector struct{ srv *Server }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) { return c.srv.connect(ctx) }
func (c connector) Driver() driver.Driver                            { return c.srv.Driver() }

// closingConnector is closed by db.Close.
type closingConnector struct {
	connector
	closed atomic.Bool
}

var _ io.Closer = (*closingConnector)(nil)

func (c *closingConnector) Close() error {
	if c.closed.Swap(true) {
		c.srv.misused("connector closed twice")
	}
	c.srv.count.connectorsClosed.Add(1)
	return nil
}
