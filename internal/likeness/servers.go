package likeness

import (
	"database/sql"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// overServer makes an Open of one that has no fake behind it.
func overServer(open func(testing.TB) *sql.DB) func(testing.TB) (*sql.DB, *fakedriver.Server) {
	return func(tb testing.TB) (*sql.DB, *fakedriver.Server) { return open(tb), nil }
}

// Postgres returns a target over a PostgreSQL server. It owns the table
// likeness of the database that open leads to.
func Postgres(open func(testing.TB) *sql.DB) Target {
	t := Target{
		Name: "postgres",
		Open: overServer(open),
		Bind: func(q string) string {
			for n := 1; strings.Contains(q, "?"); n++ {
				q = strings.Replace(q, "?", "$"+strconv.Itoa(n), 1)
			}
			return q
		},
		Setup:   []string{"DROP TABLE IF EXISTS likeness", "CREATE TABLE likeness (k text PRIMARY KEY, v text)"},
		Insert:  "INSERT INTO likeness (k, v) VALUES (?, ?)",
		Update:  "UPDATE likeness SET v = ? WHERE k = ?",
		Delete:  "DELETE FROM likeness WHERE k = ?",
		Select:  "SELECT v FROM likeness WHERE k = ?",
		Wipe:    "DELETE FROM likeness",
		Series:  "SELECT generate_series(1, 3000)::int8 AS n",
		Slow:    "SELECT pg_sleep(30)",
		Invalid: "SELECT nothing FROM nowhere",
	}
	for _, typ := range []string{"int2", "int4", "int8", "float4", "float8", "numeric", "numeric(10,2)", "bool", "text", "varchar(20)",
		"bytea", "date", "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb", "int4[]", "text[]", "inet", "point"} {
		t.Echoes = append(t.Echoes, Echo{"null " + typ, "SELECT $1::" + typ, []any{nil}})
	}
	when := time.Date(2024, 2, 29, 12, 30, 45, 123456000, time.UTC)
	for _, e := range []struct {
		typ   string
		value any
	}{
		{"int2", int16(-3)}, {"int4", 42}, {"int8", int64(math.MaxInt64)}, {"float4", float32(1.5)}, {"float8", math.Pi},
		{"numeric", "123.4500"}, {"numeric(10,2)", "7"}, {"bool", true}, {"text", "t\u00e4xt"}, {"varchar(20)", ""}, {"bytea", []byte{0, 1, 255}},
		{"date", when}, {"timestamp", when}, {"timestamptz", when}, {"interval", "1 day 02:00:00"},
		{"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {"json", `{"a": 1}`}, {"jsonb", `{"a": 1}`},
		{"int4[]", []int32{1, 2, 3}}, {"text[]", []string{"a", "b,c"}}, {"inet", "10.0.0.1/8"}, {"point", "(1,2)"},
		{"int2", 100000}, {"int4", "not a number"}, {"text", sql.NullString{}}, {"text", sql.NullString{String: "x", Valid: true}},
		{"text", valuer{"v"}}, {"text", (*ptrVal)(nil)}, {"text", &ptrVal{"p"}}, {"text", failing{}}, {"int4", sql.Null[int32]{V: 5, Valid: true}},
		{"text", struct{ A int }{1}}, {"text", sql.Named("n", "v")},
	} {
		t.Echoes = append(t.Echoes, Echo{e.typ, "SELECT $1::" + e.typ + " AS value", []any{e.value}})
	}
	t.Echoes = append(t.Echoes,
		Echo{"several", "SELECT $1::int4, $2::text, $3::bool", []any{1, "two", nil}},
		Echo{"too few", "SELECT $1::int4, $2::text", []any{1}},
		Echo{"too many", "SELECT $1::int4", []any{1, 2}},
		Echo{"division by zero", "SELECT 1 / $1::int4", []any{0}})
	return t
}

// MariaDB returns a target over a MariaDB or MySQL server. It owns the table
// likeness of the database that open leads to. multi tells that the DSN says
// multiStatements=true.
func MariaDB(open func(testing.TB) *sql.DB, multi bool) Target {
	t := Target{
		Name:    "mariadb",
		Open:    overServer(open),
		Setup:   []string{"DROP TABLE IF EXISTS likeness", "CREATE TABLE likeness (k VARCHAR(100) PRIMARY KEY, v TEXT) ENGINE=InnoDB"},
		Insert:  "INSERT INTO likeness (k, v) VALUES (?, ?)",
		Update:  "UPDATE likeness SET v = ? WHERE k = ?",
		Delete:  "DELETE FROM likeness WHERE k = ?",
		Select:  "SELECT v FROM likeness WHERE k = ?",
		Wipe:    "DELETE FROM likeness",
		Series:  "SELECT seq FROM seq_1_to_3000",
		Slow:    "SELECT SLEEP(30)",
		Invalid: "SELECT nothing FROM nowhere",
		Echoes:  standardEchoes(),
	}
	if multi {
		t.MultiSet = "SELECT 1 AS a; SELECT 'x' AS b, NULL AS c; SELECT 2 WHERE 1 = 0"
	}
	for _, col := range []string{"CAST(? AS SIGNED)", "CAST(? AS UNSIGNED)", "CAST(? AS DECIMAL(10,2))", "CAST(? AS CHAR(20))",
		"CAST(? AS BINARY)", "CAST(? AS DATETIME(6))", "CAST(? AS DATE)", "CAST(? AS TIME)", "CAST(? AS DOUBLE)"} {
		for _, v := range []any{nil, "1", 1, int64(-5)} {
			t.Echoes = append(t.Echoes, Echo{col, "SELECT " + col + " AS value", []any{v}})
		}
	}
	return t
}

// SQLite returns a target over an SQLite database. It owns the table likeness.
func SQLite(open func(testing.TB) *sql.DB) Target {
	return Target{
		Name:    "sqlite",
		Open:    overServer(open),
		Setup:   []string{"DROP TABLE IF EXISTS likeness", "CREATE TABLE likeness (k TEXT PRIMARY KEY, v TEXT)"},
		Insert:  "INSERT INTO likeness (k, v) VALUES (?, ?)",
		Update:  "UPDATE likeness SET v = ? WHERE k = ?",
		Delete:  "DELETE FROM likeness WHERE k = ?",
		Select:  "SELECT v FROM likeness WHERE k = ?",
		Wipe:    "DELETE FROM likeness",
		Series:  "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000) SELECT n FROM s",
		Invalid: "SELECT nothing FROM nowhere",
		Echoes:  append(standardEchoes(), Echo{"by name", "SELECT :a AS a, @b AS b", []any{sql.Named("a", 1), sql.Named("b", "x")}}),
	}
}

// standardEchoes are arguments for servers that take any type at a "?".
func standardEchoes() []Echo {
	when := time.Date(2024, 2, 29, 12, 30, 45, 123456000, time.UTC)
	var echoes []Echo
	for _, v := range []any{nil, 42, int8(-8), int64(math.MaxInt64), uint64(64), uint64(math.MaxUint64), float32(1.5), math.Pi, true, "t\u00e4xt", "",
		[]byte{0, 1, 255}, []byte{}, []byte(nil), when, time.Time{}, text("named"), number(3), (*int)(nil), sql.NullString{},
		sql.NullString{String: "x", Valid: true}, sql.Null[int]{V: 5, Valid: true}, valuer{"v"}, valuer{nil}, valuer{struct{}{}},
		&ptrVal{"p"}, (*ptrVal)(nil), failing{}, []string{"a"}, struct{ A int }{1}, sql.Named("n", "v"), sql.Out{}} {
		echoes = append(echoes, Echo{fakedriver.Describe(v), "SELECT ? AS value", []any{v}})
	}
	return append(echoes,
		Echo{"several", "SELECT ?, ?, ?", []any{1, "two", nil}},
		Echo{"too few", "SELECT ?, ?", []any{1}},
		Echo{"too many", "SELECT ?", []any{1, 2}})
}
