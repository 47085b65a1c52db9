package pooled

// STUB: stands in for driver.go until it lands. Drop this file at the merge.

import (
	"database/sql"
	"database/sql/driver"
	"errors"
)

func Register(name string, base driver.Driver, opts ...Option) { sql.Register(name, base) }

func Wrap(base driver.Driver, opts ...Option) driver.Driver { return base }

func WrapConnector(base driver.Connector, opts ...Option) (driver.Connector, error) {
	return base, nil
}

func Unwrap(driverConn any) (driver.Conn, error) {
	if c, ok := driverConn.(driver.Conn); ok {
		return c, nil
	}
	return nil, errors.New("pooled: not a driver connection")
}
