package sql

import "database/sql/driver"

// The hooks in OpenDB, which suite_test.go sets.
var (
	suiteWrap   = func(c driver.Connector) driver.Connector { return c }
	suiteOpened = func(*DB, driver.Connector) {}
)
