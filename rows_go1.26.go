//go:build !go1.27

package pooled

import "database/sql/driver"

func exposeRows(r *rows) driver.Rows { return r }

func exposeDetour(r driver.Rows, g *conn) driver.Rows { return detourRows{concealed(r), g} }

func concealed(r driver.Rows) *rows { return r.(*rows) }
