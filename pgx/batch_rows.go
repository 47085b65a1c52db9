package pgx

import (
	"database/sql/driver"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

var (
	_ driver.RowsColumnTypeScanType         = (*batchRows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*batchRows)(nil)
	_ driver.RowsColumnTypeLength           = (*batchRows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*batchRows)(nil)
)

// batchRows are the rows of one call, with the values and types that stdlib
// gives, whose own Rows cannot be made here. A test compares the two. It serves
// the calls of a batch one after the other.
type batchRows struct {
	types  *pgtype.Map
	reader *pgconn.ResultReader
	fields []pgconn.FieldDescription
	values []valueFunc             // of the fields, from the first row on
	known  map[valueKind]valueFunc // of the batch
}

// begin goes on with the rows of the next call.
func (r *batchRows) begin(reader *pgconn.ResultReader) {
	r.reader, r.fields, r.values = reader, reader.FieldDescriptions(), r.values[:0]
}

// valueFunc makes a driver.Value of what the server sent.
type valueFunc = func([]byte) (driver.Value, error)

// valueKind is what decides about it.
type valueKind struct {
	oid    uint32
	format int16
}

func (r *batchRows) Columns() []string {
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = f.Name
	}
	return names
}

// Close does nothing: who reads the answers of the batch closes the reader.
func (r *batchRows) Close() error { return nil }

func (r *batchRows) Next(dest []driver.Value) error {
	for i := len(r.values); i < len(r.fields); i++ {
		f := &r.fields[i]
		kind := valueKind{f.DataTypeOID, f.Format}
		value := r.known[kind]
		if value == nil {
			value = valueOf(r.types, *f)
			r.known[kind] = value
		}
		r.values = append(r.values, value)
	}
	if !r.reader.NextRow() {
		if _, err := r.reader.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, src := range r.reader.Values() {
		if dest[i] = nil; src == nil {
			continue
		}
		var err error
		if dest[i], err = r.values[i](src); err != nil {
			return fmt.Errorf("convert field %d failed: %w", i, err)
		}
	}
	return nil
}

// valueOf returns how a column becomes a driver.Value.
func valueOf(m *pgtype.Map, f pgconn.FieldDescription) valueFunc {
	switch f.DataTypeOID {
	case pgtype.BoolOID:
		return plain[bool](m, f)
	case pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID, pgtype.XMLOID:
		return plain[[]byte](m, f)
	case pgtype.CIDOID, pgtype.OIDOID, pgtype.XIDOID:
		return valuer[pgtype.Uint32](m, f)
	case pgtype.DateOID:
		return valuer[pgtype.Date](m, f)
	case pgtype.TimestampOID:
		return valuer[pgtype.Timestamp](m, f)
	case pgtype.TimestamptzOID:
		return valuer[pgtype.Timestamptz](m, f)
	case pgtype.Float4OID:
		return as[float32, float64](m, f)
	case pgtype.Float8OID:
		return plain[float64](m, f)
	case pgtype.Int2OID:
		return as[int16, int64](m, f)
	case pgtype.Int4OID:
		return as[int32, int64](m, f)
	case pgtype.Int8OID:
		return plain[int64](m, f)
	}
	return plain[string](m, f)
}

func plain[T any](m *pgtype.Map, f pgconn.FieldDescription) valueFunc {
	plan := m.PlanScan(f.DataTypeOID, f.Format, new(T))
	return func(src []byte) (driver.Value, error) {
		var v T
		err := plan.Scan(src, &v)
		return v, err
	}
}

func as[T int16 | int32 | float32, W int64 | float64](m *pgtype.Map, f pgconn.FieldDescription) valueFunc {
	plan := m.PlanScan(f.DataTypeOID, f.Format, new(T))
	return func(src []byte) (driver.Value, error) {
		var v T
		err := plan.Scan(src, &v)
		return W(v), err
	}
}

func valuer[T driver.Valuer](m *pgtype.Map, f pgconn.FieldDescription) valueFunc {
	plan := m.PlanScan(f.DataTypeOID, f.Format, new(T))
	return func(src []byte) (driver.Value, error) {
		var v T
		if err := plan.Scan(src, &v); err != nil {
			return nil, err
		}
		return v.Value()
	}
}

func (r *batchRows) ColumnTypeDatabaseTypeName(i int) string {
	if t, ok := r.types.TypeForOID(r.fields[i].DataTypeOID); ok {
		return strings.ToUpper(t.Name)
	}
	return strconv.FormatInt(int64(r.fields[i].DataTypeOID), 10)
}

// typmodHeader is what PostgreSQL adds to the length or precision of a type.
const typmodHeader = 4

func (r *batchRows) ColumnTypeLength(i int) (int64, bool) {
	switch f := r.fields[i]; f.DataTypeOID {
	case pgtype.TextOID, pgtype.ByteaOID:
		return math.MaxInt64, true
	case pgtype.VarcharOID, pgtype.BPCharOID:
		return int64(f.TypeModifier - typmodHeader), true
	case pgtype.VarbitOID:
		return int64(f.TypeModifier), true
	}
	return 0, false
}

func (r *batchRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	f := r.fields[i]
	if f.DataTypeOID != pgtype.NumericOID {
		return 0, 0, false
	}
	mod := int64(f.TypeModifier - typmodHeader)
	return mod >> 16 & 0xffff, mod & 0xffff, true
}

func (r *batchRows) ColumnTypeScanType(i int) reflect.Type {
	switch r.fields[i].DataTypeOID {
	case pgtype.Float8OID, pgtype.NumericOID:
		return reflect.TypeFor[float64]()
	case pgtype.Float4OID:
		return reflect.TypeFor[float32]()
	case pgtype.Int8OID:
		return reflect.TypeFor[int64]()
	case pgtype.Int4OID:
		return reflect.TypeFor[int32]()
	case pgtype.Int2OID:
		return reflect.TypeFor[int16]()
	case pgtype.BoolOID:
		return reflect.TypeFor[bool]()
	case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return reflect.TypeFor[time.Time]()
	case pgtype.ByteaOID:
		return reflect.TypeFor[[]byte]()
	}
	return reflect.TypeFor[string]()
}
