package fakedriver

import (
	"database/sql/driver"
	"fmt"
)

// Arguments with which a test asks for a certain answer of the driver's
// argument check (NamedValueChecker or ColumnConverter), where its shape has
// one. A shape without one leaves them to database/sql, which refuses them.
type (
	// Removed is taken out of the arguments (driver.ErrRemoveArgument).
	Removed struct{}
	// Skipped is made Celsius and left to the next checker (driver.ErrSkip).
	Skipped float64
	// Refused makes the check fail with Err.
	Refused struct{ Err error }
	// Celsius is converted to a text that tells who converted it.
	Celsius float64
)

// checkSpecial is what every NamedValueChecker of the fakes does with the
// types above; handled is false for all others.
func checkSpecial(who string, nv *driver.NamedValue) (handled bool, err error) {
	switch v := nv.Value.(type) {
	case Removed:
		return true, driver.ErrRemoveArgument
	case Skipped:
		nv.Value = Celsius(v)
		return true, driver.ErrSkip
	case Refused:
		return true, v.Err
	case Celsius:
		nv.Value = fmt.Sprintf("%s checked %v", who, float64(v))
		return true, nil
	}
	return false, nil
}

// converter is the driver.ValueConverter of the fakes' ColumnConverter.
type converter struct{ index int }

// ConvertValue converts Celsius and refuses Refused; the third column takes
// anything and turns it into text, so that one can see that the index counts.
func (c converter) ConvertValue(v any) (driver.Value, error) {
	switch v := v.(type) {
	case Refused:
		return nil, v.Err
	case Celsius:
		return fmt.Sprintf("column %d converted %v", c.index, float64(v)), nil
	}
	if c.index == 2 {
		return driver.String.ConvertValue(v)
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}
