package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
)

// database/sql converts arguments before the driver sees a context, on a
// handle that may have no link. So a handle lets them pass untouched and they
// are converted here, on the link, by the base's own checkers, in the order
// and with the words of driverArgsConnLocked in database/sql/convert.go.

// argChecker converts the arguments of one call.
type argChecker struct {
	named  driver.NamedValueChecker // the statement's, else the connection's; may be nil
	column driver.ColumnConverter   // the statement's; may be nil
	want   int                      // how many the statement takes, -1 unknown
}

// convert converts args in place and returns them without those that the
// base removed (driver.ErrRemoveArgument).
func (c *argChecker) convert(args []driver.NamedValue) ([]driver.NamedValue, error) {
	n := 0
	for i := range args {
		nv := &args[n] // in the slice: a variable of its own would be allocated
		if n != i {
			*nv = args[i]
		}
		nv.Ordinal = n + 1
		switch err := c.check(nv); err {
		case nil:
			n++
		case driver.ErrRemoveArgument:
		default:
			return nil, fmt.Errorf("sql: converting argument %s type: %w", describeArg(nv), err)
		}
	}
	args = args[:n]
	if c.want != -1 && len(args) != c.want {
		return nil, fmt.Errorf("sql: expected %d arguments, got %d", c.want, len(args))
	}
	return args, nil
}

// check asks the named checker, then the column converter, then the default
// converter; driver.ErrSkip passes the question on.
func (c *argChecker) check(nv *driver.NamedValue) error {
	if c.named != nil {
		if err := c.named.CheckNamedValue(nv); err != driver.ErrSkip {
			return err
		}
	}
	if c.column != nil {
		return c.checkColumn(nv)
	}
	var err error
	nv.Value, err = driver.DefaultParameterConverter.ConvertValue(nv.Value)
	return err
}

func (c *argChecker) checkColumn(nv *driver.NamedValue) error {
	index := nv.Ordinal - 1
	if c.want >= 0 && c.want <= index {
		return nil // the count is complained about at the end
	}
	if vr, ok := nv.Value.(driver.Valuer); ok {
		v, err := callValuer(vr)
		if err != nil {
			return err
		}
		if !driver.IsValue(v) {
			return fmt.Errorf("non-subset type %T returned from Value", v)
		}
		nv.Value = v
	}
	arg := nv.Value
	var err error
	if nv.Value, err = c.column.ColumnConverter(index).ConvertValue(arg); err != nil {
		return err
	}
	if !driver.IsValue(nv.Value) {
		return fmt.Errorf("driver ColumnConverter error converted %T to unsupported type %T", arg, nv.Value)
	}
	return nil
}

// callValuer calls Value, but takes a nil pointer whose Value method has a
// value receiver for NULL, as database/sql does.
func callValuer(vr driver.Valuer) (driver.Value, error) {
	if rv := reflect.ValueOf(vr); rv.Kind() == reflect.Pointer && rv.IsNil() &&
		rv.Type().Elem().Implements(reflect.TypeFor[driver.Valuer]()) {
		return nil, nil
	}
	return vr.Value()
}

func describeArg(nv *driver.NamedValue) string {
	if nv.Name == "" {
		return fmt.Sprintf("$%d", nv.Ordinal)
	}
	return fmt.Sprintf("with name %q", nv.Name)
}

// plainValues is for bases that know no contexts and no names.
func plainValues(ctx context.Context, named []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(named))
	for i, nv := range named {
		if nv.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		values[i] = nv.Value
	}
	return values, ctx.Err()
}
