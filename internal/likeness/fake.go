package likeness

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// Fake returns a target over a fake of the given shape. wrap makes the
// connector of the database from the fake's; nil: it is the fake's.
func Fake(shape *fakedriver.Shape, wrap func(testing.TB, driver.Connector) driver.Connector) Target {
	return Target{
		Name: shape.Name,
		Bind: shape.SQL,
		Open: func(tb testing.TB) (*sql.DB, *fakedriver.Server) {
			srv := fakedriver.New(shape)
			srv.Answer("MULTI", multiSet)
			srv.Answer("INVALID", fakedriver.Answer{Err: &fakedriver.Error{Code: "42601", Message: "syntax error"}})
			c := srv.Connector()
			if wrap != nil {
				c = wrap(tb, c)
			}
			return sql.OpenDB(c), srv
		},
		Insert:   "INSERT INTO t (k, v) VALUES (?, ?)",
		Update:   "UPDATE t SET v = ? WHERE k = ?",
		Delete:   "DELETE FROM t WHERE k = ?",
		Select:   "SELECT v FROM t WHERE k = ?",
		Series:   "SERIES 300",
		MultiSet: "MULTI",
		Invalid:  "INVALID",
		Echoes:   fakeEchoes(shape),
	}
}

// multiSet has three result sets: typed, empty, and one that breaks off.
var multiSet = fakedriver.Answer{Sets: []fakedriver.ResultSet{
	{
		Columns: []fakedriver.Column{
			{Name: "id", DatabaseType: "BIGINT", ScanType: reflect.TypeFor[int64](), NullableOK: true},
			{Name: "name", DatabaseType: "VARCHAR", ScanType: reflect.TypeFor[sql.NullString](), Length: 80, Nullable: true, NullableOK: true},
			{Name: "price", DatabaseType: "DECIMAL", ScanType: reflect.TypeFor[[]byte](), Precision: 10, Scale: 2, DecimalOK: true},
		},
		Rows: [][]driver.Value{{int64(1), "one", []byte("1.00")}, {int64(2), nil, []byte("2.50")}},
	},
	{Columns: fakedriver.Plain("nothing")},
	{Columns: fakedriver.Plain("x"), Rows: [][]driver.Value{{true}}, Err: errBoom},
}}

type (
	text    string
	number  int
	valuer  struct{ v any }
	ptrVal  struct{ s string } // Valuer on the value: a nil pointer to it must not be called
	failing struct{}
	panicky struct{}
)

func (v valuer) Value() (driver.Value, error)  { return v.v, nil }
func (p ptrVal) Value() (driver.Value, error)  { return "ptr " + p.s, nil }
func (failing) Value() (driver.Value, error)   { return nil, errBoom }
func (panicky) Value() (driver.Value, error)   { panic("panicky valuer") }
func (v valuer) String() string                { return fmt.Sprintf("valuer %v", v.v) }
func (p *ptrVal) UnmarshalText(t []byte) error { p.s = string(t); return nil }

// fakeEchoes are arguments of every kind, one at a time and several together.
func fakeEchoes(shape *fakedriver.Shape) []Echo {
	n, s := 7, "pointed"
	when := time.Date(2024, 2, 29, 12, 30, 45, 123456789, time.FixedZone("CET", 3600))
	single := map[string]any{
		"int64": int64(math.MinInt64), "int": 42, "int8": int8(-8), "int16": int16(16), "int32": int32(32),
		"uint8": uint8(8), "uint16": uint16(16), "uint32": uint32(32), "uint64": uint64(64), "uint64 high": uint64(math.MaxUint64),
		"float32": float32(1.5), "float64": math.Pi, "inf": math.Inf(1), "bool": true, "string": "text", "empty string": "",
		"unicode": "\u00e4\u20ac\U0001F600\x00", "bytes": []byte("bytes"), "no bytes": []byte{}, "nil bytes": []byte(nil), "nil": nil,
		"time": when, "zero time": time.Time{}, "named string": text("named"), "named int": number(3),
		"pointer": &n, "pointer to string": &s, "nil pointer": (*int)(nil), "json": json.RawMessage(`{"a":1}`),
		"null string": sql.NullString{}, "valid string": sql.NullString{String: "x", Valid: true},
		"null generic": sql.Null[int]{}, "valid generic": sql.Null[int]{V: 5, Valid: true},
		"valuer": valuer{"v"}, "valuer of nil": valuer{nil}, "valuer of int": valuer{5}, "valuer of struct": valuer{struct{}{}},
		"pointer valuer": &ptrVal{"p"}, "nil pointer valuer": (*ptrVal)(nil), "failing valuer": failing{}, "panicking valuer": panicky{},
		"strings": []string{"a", "b"}, "map": map[string]int{"a": 1}, "struct": struct{ A int }{1}, "chan": (chan int)(nil),
		"func": func() {} == nil, "out": sql.Out{}, "error": errors.New("an error as an argument"),
		"removed": fakedriver.Removed{}, "skipped": fakedriver.Skipped(9), "refused": fakedriver.Refused{Err: errBoom}, "celsius": fakedriver.Celsius(21.5),
		"refused with ErrBadConn": fakedriver.Refused{Err: driver.ErrBadConn},
		"named":                   sql.Named("name", "value"), "badly named": sql.Named("1name", "value"), "named celsius": sql.Named("c", fakedriver.Celsius(1)),
	}
	delete(single, "func")
	labels := make([]string, 0, len(single))
	for l := range single {
		labels = append(labels, l)
	}
	var echoes []Echo
	for _, l := range sorted(labels) {
		echoes = append(echoes, Echo{l, shape.SQL("ECHO ?"), []any{single[l]}})
	}
	c := fakedriver.Celsius(3)
	return append(echoes,
		Echo{"none", "ECHO", nil},
		Echo{"three", shape.SQL("ECHO ?, ?, ?"), []any{1, "two", 3.0}},
		Echo{"third column", shape.SQL("ECHO ?, ?, ?, ?"), []any{c, c, 33, c}},
		Echo{"removed first", shape.SQL("ECHO ?, ?"), []any{fakedriver.Removed{}, 1, 2}},
		Echo{"removed middle", shape.SQL("ECHO ?, ?"), []any{1, fakedriver.Removed{}, 2}},
		Echo{"removed last", shape.SQL("ECHO ?, ?"), []any{1, 2, fakedriver.Removed{}}},
		Echo{"removed too many", shape.SQL("ECHO ?, ?"), []any{1, fakedriver.Removed{}}},
		Echo{"too few", shape.SQL("ECHO ?, ?"), []any{1}},
		Echo{"too many", shape.SQL("ECHO ?"), []any{1, 2}},
		Echo{"too many celsius", shape.SQL("ECHO ?"), []any{c, c, c}},
		Echo{"too many refused", shape.SQL("ECHO ?"), []any{1, fakedriver.Refused{Err: errBoom}}},
		Echo{"second refused", shape.SQL("ECHO ?, ?"), []any{1, fakedriver.Refused{Err: errBoom}}},
		Echo{"second named", shape.SQL("ECHO ?, ?"), []any{1, sql.Named("second", 2)}},
		Echo{"names by colon", "ECHO :a, :b", []any{sql.Named("a", 1), sql.Named("b", nil)}},
	)
}
