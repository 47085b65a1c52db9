package pooled

import (
	"database/sql/driver"
	"errors"
)

// baseFault is what the errors of package driver mean whatever the dialect.
func baseFault(err error) Fault {
	switch {
	case err == nil:
		return FaultNone
	case errors.Is(err, driver.ErrBadConn):
		return FaultLinkLost
	}
	return FaultProgram
}
