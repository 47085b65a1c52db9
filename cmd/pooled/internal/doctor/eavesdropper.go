package doctor

import "database/sql/driver"

// eavesdropper is a driver that notes the DSN that the pool gives to its base:
// without the pool's own parameters.
type eavesdropper struct {
	driver.Driver
	dsn string // secret
}

var _ driver.DriverContext = (*eavesdropper)(nil)

func (d *eavesdropper) OpenConnector(dsn string) (driver.Connector, error) {
	d.dsn = dsn
	return d.Driver.(driver.DriverContext).OpenConnector(dsn)
}
