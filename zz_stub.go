package pooled

// STUB, dropped as soon as driver.go is there: it lets the tests of the
// likeness compile and compares the bare driver with itself.

import "database/sql/driver"

// WrapConnector is a stub.
func WrapConnector(base driver.Connector, opts ...Option) (driver.Connector, error) { return base, nil }

// Wrap is a stub.
func Wrap(base driver.Driver, opts ...Option) driver.Driver { return base }

// Unwrap is a stub.
func Unwrap(driverConn any) (driver.Conn, error) { return driverConn.(driver.Conn), nil }
