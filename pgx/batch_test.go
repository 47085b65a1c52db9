package pgx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

func batchDB(t *testing.T, params string) *sql.DB {
	t.Helper()
	s := testdb.SharedPostgres(t)
	dsn := s.DSN(s.NewDatabase(t))
	if params != "" {
		sep := "?"
		if strings.Contains(dsn, "?") {
			sep = "&"
		}
		dsn += sep + params
	}
	db, err := sql.Open("pooled-pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// The rows of a batch are those of a query alone: values, and what is said of
// the columns.
func TestServerBatchRowsAreThoseOfStdlib(t *testing.T) {
	for _, mode := range []string{"", "default_query_exec_mode=cache_describe", "default_query_exec_mode=describe_exec"} {
		t.Run(mode, func(t *testing.T) {
			db := batchDB(t, mode)
			for _, expr := range []string{
				"true", "1::int2", "2::int4", "3::int8", "1.5::float4", "2.25::float8", "12345678901234567890.123::numeric(30,3)", "'NaN'::numeric",
				"'a'::text", "'ab'::varchar(7)", "'c'::char(3)", "'\\x00ff'::bytea", "''::bytea", "date '2024-02-29'", "'infinity'::date", "timestamp '2024-01-02 03:04:05.678901'",
				"timestamptz '2024-01-02 03:04:05+02'", "'infinity'::timestamptz", "time '01:02:03'", "interval '1 year 2 days 3:04'", "'{\"a\": 1}'::json", "'{\"a\": 1}'::jsonb",
				"'<a/>'::xml", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'::uuid", "'{1,NULL,3}'::int[]", "'{a,\"b c\"}'::text[]", "'10.0.0.1/8'::inet", "'101'::bit(3)", "'101'::varbit(5)",
				"7::oid", "'5'::xid", "'5'::cid", "'[1,3)'::int4range", "point '(1,2)'", "'x'::name", "NULL::int4", "NULL::text", "row(1,'a')", "'1'::money", "'a b'::tsvector",
			} {
				text := "SELECT " + expr + " AS c, $1::int AS n"
				want, wantErr := scanAll(db.Query(text, 1))
				b := pooled.NewBatch()
				b.Query(text, 1)
				res, err := b.Run(t.Context(), db)
				if err != nil {
					t.Errorf("%s: %v", expr, err)
					continue
				}
				got, gotErr := scanAll(res.Query(0))
				if !reflect.DeepEqual(got, want) || (gotErr == nil) != (wantErr == nil) {
					t.Errorf("%s:\n got %v, %v\nwant %v, %v", expr, got, gotErr, want, wantErr)
				}
			}
		})
	}
}

// scanAll returns everything that can be seen of rows.
func scanAll(rows *sql.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	for _, c := range types {
		length, hasLength := c.Length()
		precision, scale, hasDecimal := c.DecimalSize()
		nullable, known := c.Nullable()
		out = append(out, fmt.Sprint(c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength, precision, scale, hasDecimal, nullable, known))
	}
	for rows.Next() {
		var v any
		var n int
		if err := rows.Scan(&v, &n); err != nil {
			return out, err
		}
		out = append(out, fmt.Sprintf("%T %v %d", v, v, n))
	}
	return out, rows.Err()
}

// Every mode of pgx gives the same answers.
func TestServerBatchInEveryMode(t *testing.T) {
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			db := batchDB(t, "default_query_exec_mode="+mode)
			testdb.MustExec(t, db, "CREATE TABLE t (id int PRIMARY KEY, v text)")
			for range 3 {
				b := pooled.NewBatch()
				b.Exec("DELETE FROM t")
				for i := range 5 {
					b.Exec("INSERT INTO t VALUES ($1, $2)", i, fmt.Sprint("v", i))
				}
				b.Query("SELECT count(*), max(v) FROM t WHERE id >= $1", 2)
				res, err := b.Run(t.Context(), db)
				if err != nil {
					t.Fatal(err)
				}
				var n int
				var v string
				if err := res.QueryRow(6).Scan(&n, &v); err != nil || n != 3 || v != "v4" {
					t.Errorf("%d %q %v", n, v, err)
				}
			}
			b := pooled.NewBatch()
			b.Exec("INSERT INTO t VALUES ($1, $2)", 10, "x")
			b.Exec("INSERT INTO t VALUES ($1, $2)", 1, "x")
			var be *pooled.BatchError
			var pe *pgconn.PgError
			if _, err := b.Run(t.Context(), db); !errors.As(err, &be) || be.Index != 1 || !errors.As(err, &pe) || pe.Code != "23505" {
				t.Errorf("duplicate: %v", err)
			}
		})
	}
}

// What pgx or the server refuse before anything runs leaves the transaction as
// far as it was, and the connection in any case.
func TestServerBatchArgumentsThatDoNotFit(t *testing.T) {
	db := batchDB(t, "")
	testdb.MustExec(t, db, "CREATE TABLE t (id int PRIMARY KEY)")
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, args := range [][]any{{}, {1, 2}, {struct{}{}}} {
		b := pooled.NewBatch()
		b.Exec("INSERT INTO t VALUES ($1)", 5)
		b.Exec("INSERT INTO t VALUES ($1)", args...)
		var be *pooled.BatchError
		if _, err := b.Run(t.Context(), tx); !errors.As(err, &be) || be.Index != 1 {
			t.Errorf("%v: %v", args, err)
		}
	}
	b := pooled.NewBatch()
	b.Exec("INSERT INTO t VALUES (@id)", pgx.NamedArgs{"id": 1})
	if _, err := b.Run(t.Context(), tx); err != nil {
		t.Errorf("named arguments: %v", err)
	}
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
	// A deferred constraint fails the COMMIT, which is behind all items.
	testdb.MustExec(t, db, "CREATE TABLE d (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
	for _, independent := range []bool{false, true} {
		b := pooled.NewBatch()
		b.Independent = independent
		b.Exec("INSERT INTO d VALUES (1), (1)")
		b.Exec("INSERT INTO d VALUES (2)")
		want := 2
		if independent {
			want = 0
		}
		var be *pooled.BatchError
		if _, err := b.Run(t.Context(), db); !errors.As(err, &be) || be.Index != want {
			t.Errorf("deferred: %v", err)
		}
	}
}

// A statement that the server has forgotten, or whose result has changed, is
// prepared again; many texts do not stay on the server for ever.
func TestServerBatchPreparesAgain(t *testing.T) {
	db := batchDB(t, "pool_max_conns=1&pool_min_conns=off")
	testdb.MustExec(t, db, "CREATE TABLE t (id int)")
	run := func() {
		t.Helper()
		b := pooled.NewBatch()
		b.Exec("INSERT INTO t (id) VALUES ($1)", 1)
		b.Query("SELECT * FROM t")
		res, err := b.Run(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := res.Query(1); err != nil {
			t.Error(err)
		} else {
			rows.Close()
		}
	}
	run()
	testdb.MustExec(t, db, "ALTER TABLE t ADD v text")
	run()
	testdb.MustExec(t, db, "DEALLOCATE ALL")
	run()
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 3 {
		t.Errorf("%d rows, %v", n, err)
	}
	for i := range 3 {
		b := pooled.NewBatch()
		for k := range 300 {
			b.Query(fmt.Sprintf("SELECT %d, $1::int", 1000*i+k), k)
		}
		if _, err := b.Run(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if err := db.QueryRow("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'pooled_batch_%'").Scan(&n); err != nil || n < 2 || n > batchCacheSize+2 {
		t.Errorf("%d statements stay prepared, %v", n, err)
	}
}

func numbered(n int) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range n {
			if !yield([]any{i, "text"}) {
				return
			}
		}
	}
}

func TestServerCopy(t *testing.T) {
	db := batchDB(t, "")
	testdb.MustExec(t, db, `CREATE SCHEMA "S"; CREATE TABLE "S"."My table" (id int PRIMARY KEY, "the ""v" text)`)
	withCopy := func(o *pooled.InsertOptions) { o.Copy = true }
	columns := []string{"id", `the "v`}
	count := func() (n int) {
		if err := db.QueryRow(`SELECT count(*) FROM "S"."My table"`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, opts := range [][]pooled.InsertOption{{withCopy}, {}} {
		n, err := pooled.InsertMany(t.Context(), db, "S.My table", columns, numbered(5000), opts...)
		if err != nil || n != 5000 || count() != 5000 {
			t.Fatalf("%d %v", n, err)
		}
		twice := func(yield func([]any) bool) {
			for row := range numbered(3000) {
				if !yield([]any{row[0].(int) + 5000, "x"}) {
					return
				}
			}
			yield([]any{1, "secretword"})
		}
		var be *pooled.BatchError
		_, err = pooled.InsertMany(t.Context(), db, "S.My table", columns, twice, opts...)
		want := 3000
		if len(opts) > 0 {
			want = -1
		}
		if !errors.As(err, &be) || be.Index != want || strings.Contains(be.Digest, "secretword") {
			t.Errorf("%v, want index %d", err, want)
		}
		if _, err = pooled.InsertMany(t.Context(), db, "S.My table", columns, slices.Values([][]any{{-1, "x"}, {1}}), opts...); err == nil {
			t.Error("a row was too short")
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic of the iterator was lost")
				}
			}()
			_, _ = pooled.InsertMany(t.Context(), db, "S.My table", columns, func(yield func([]any) bool) {
				for i := range 2000 {
					yield([]any{10000 + i, "x"})
				}
				panic("the iterator's own")
			}, opts...)
		}()
		ctx, cancel := context.WithCancel(t.Context())
		_, err = pooled.InsertMany(ctx, db, "S.My table", columns, func(yield func([]any) bool) {
			for i := range 3000 {
				if i == 2000 {
					cancel()
				}
				if !yield([]any{20000 + i, "x"}) {
					return
				}
			}
		}, opts...)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if n := count(); n != 5000 {
			t.Errorf("%d rows", n)
		}
		testdb.MustExec(t, db, `DELETE FROM "S"."My table"`)
	}
}
