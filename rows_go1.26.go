//go:build !go1.27

package pooled

import "database/sql/driver"

func exposeRows(r *rows) driver.Rows { return r }

func concealed(r driver.Rows) *rows { return r.(*rows) }
