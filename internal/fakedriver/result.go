package fakedriver

import "database/sql/driver"

type result struct{ last, affected int64 }

var _ driver.Result = result{}

func (r result) LastInsertId() (int64, error) { return r.last, nil }
func (r result) RowsAffected() (int64, error) { return r.affected, nil }
