package fakedriver

import (
	"database/sql"
	"database/sql/driver"
)

// The argument checks of the real drivers, as far as a program can tell them
// apart.

// passAll takes every argument as it is (pgx).
func passAll(nv *driver.NamedValue) error {
	if handled, err := checkSpecial("connection", nv); handled {
		return err
	}
	return nil
}

// checkLikeMySQL takes what database/sql's default takes, and any uint64.
func checkLikeMySQL(who string) func(*driver.NamedValue) error {
	return func(nv *driver.NamedValue) (err error) {
		if handled, err := checkSpecial(who, nv); handled {
			return err
		}
		if _, ok := nv.Value.(uint64); ok {
			return nil
		}
		nv.Value, err = driver.DefaultParameterConverter.ConvertValue(nv.Value)
		return err
	}
}

// checkLikeMock takes sql.Out besides what the default takes.
func checkLikeMock(nv *driver.NamedValue) (err error) {
	if handled, err := checkSpecial("connection", nv); handled {
		return err
	}
	if _, ok := nv.Value.(sql.Out); ok {
		return nil
	}
	nv.Value, err = driver.DefaultParameterConverter.ConvertValue(nv.Value)
	return err
}

// checkLikePQ declines nearly everything, and takes slices of text as they are.
func checkLikePQ(nv *driver.NamedValue) error {
	if handled, err := checkSpecial("connection", nv); handled {
		return err
	}
	if _, ok := nv.Value.([]string); ok {
		return nil
	}
	return driver.ErrSkip
}
