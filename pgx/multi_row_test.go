package pgx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// INSERTs are joined where that is the same as one by one, and nowhere else.
// All rows of one statement have the same cmin.
func TestServerJoinsInserts(t *testing.T) {
	const n = 600 // 256, 256, 64, 16 and 8 by themselves
	const plain, numbered = "CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'd')", "INSERT INTO t (id) VALUES ($1)"
	arg := func(i int) []any { return []any{i} }
	for _, c := range []struct {
		name, table, insert string
		arg                 func(i int) []any // nil: inside the text
		mode                string
		keep, independent   bool
		joined              bool
		statements          int // 0: those of the rows that fit
	}{
		{name: "plain", table: plain, insert: numbered, arg: arg, joined: true},
		{name: "cache_describe", mode: "default_query_exec_mode=cache_describe", table: plain, insert: numbered, arg: arg, joined: true},
		{name: "describe_exec", mode: "default_query_exec_mode=describe_exec", table: plain, insert: numbered, arg: arg, joined: true},
		{name: "exec", mode: "default_query_exec_mode=exec", table: plain, insert: numbered, arg: arg, joined: true},
		{name: "simple protocol", mode: "default_query_exec_mode=simple_protocol", table: plain, insert: numbered, arg: arg},
		{name: "capitals, literals", table: plain, insert: "INSERT INTO T (id, v) VALUES ($1, DEFAULT)", arg: arg, joined: true},
		{name: "other texts", table: plain, insert: "INSERT INTO t (id) VALUES (%d)"},
		{name: "with schema and quotes", table: `CREATE TABLE t (id int, "a $1" numeric)`, insert: `INSERT INTO public."t" (id, "a $1") VALUES ($1, 1.5)`, arg: arg, joined: true},
		{name: "types", table: "CREATE TABLE t (id bigint, a int[], j jsonb, b bytea, f float4, s timestamptz DEFAULT now(), k serial)",
			insert: "INSERT INTO t (id, a, j, b, f) VALUES ($1, $2, $3, $4, $5)", joined: true,
			arg: func(i int) []any { return []any{i, []int{i, 2}, map[string]int{"n": i}, []byte{0, 1}, 2.5} }},
		{name: "wide", table: "CREATE TABLE t (id int" + columns(300, ", c%d int") + ")", insert: "INSERT INTO t VALUES (1000" + columns(300, ", $%[1]d") + ")",
			arg: func(i int) []any { return slices.Repeat([]any{i}, 300) }, joined: true, statements: 4 + 1 + 1 + 8}, // 128 rows have 38,400 arguments
		{name: "long", table: plain, insert: "INSERT INTO t (id, v) VALUES ($1, $2)", joined: true, statements: 4 + 1 + 1 + 8, // 128 rows have 2.6 MB
			arg: func(i int) []any { return []any{i, strings.Repeat("v", 20_000)} }},
		{name: "nulls", table: plain, insert: "INSERT INTO t (id, v) VALUES ($1, $2)", arg: func(i int) []any { return []any{i, nil} }, joined: true},
		{name: "foreign key", table: "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1); CREATE TABLE t (id int, p int DEFAULT 1 REFERENCES p)", insert: numbered, arg: arg, joined: true},
		{name: "foreign key into itself", table: "CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES t)", insert: numbered, arg: arg},
		{name: "trigger", table: plain + "; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
			insert: numbered, arg: arg},
		{name: "rule", table: plain + "; CREATE RULE r AS ON INSERT TO t WHERE false DO INSTEAD NOTHING", insert: numbered, arg: arg},
		{name: "row-level security", table: plain + "; ALTER TABLE t ENABLE ROW LEVEL SECURITY", insert: numbered, arg: arg},
		{name: "default of the program's own", table: "CREATE FUNCTION f() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (id int, n int DEFAULT f())", insert: numbered, arg: arg},
		{name: "CHECK of the program's own", table: "CREATE FUNCTION f(int) RETURNS bool STABLE LANGUAGE sql AS 'SELECT true'; CREATE TABLE t (id int CHECK (f(id)))", insert: numbered, arg: arg},
		{name: "partitions", table: "CREATE TABLE t (id int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT", insert: numbered, arg: arg},
		{name: "view", table: "CREATE TABLE u (id int); CREATE VIEW t AS SELECT * FROM u", insert: numbered, arg: arg},
		{name: "on conflict", table: plain, insert: numbered + " ON CONFLICT DO NOTHING", arg: arg},
		{name: "named arguments", table: plain, insert: "INSERT INTO t (id) VALUES (@id)", arg: func(i int) []any { return []any{pgx.NamedArgs{"id": i}} }},
		{name: "a type of pgx's", table: plain, insert: numbered, arg: func(i int) []any { return []any{rewriter{i}} }},
		{name: "results kept", table: plain, insert: numbered, arg: arg, keep: true},
		{name: "independent", table: plain, insert: numbered, arg: arg, independent: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := batchDB(t, c.mode)
			testdb.MustExec(t, db, c.table)
			b := pooled.NewBatch()
			b.KeepResults, b.Independent = c.keep, c.independent
			for i := range n {
				if c.arg != nil {
					b.Exec(c.insert, c.arg(i)...)
				} else {
					b.Exec(fmt.Sprintf(c.insert, i))
				}
			}
			res, err := b.Run(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				r, err := res.Exec(i)
				if err != nil {
					t.Fatal(err)
				}
				if rows, err := r.RowsAffected(); rows != 1 || err != nil {
					t.Fatalf("%d: %d rows, %v", i, rows, err)
				}
			}
			from := "t"
			switch c.name {
			case "view":
				from = "u"
			case "partitions":
				from = "t1" // cmin is of the partition
			}
			var rows, distinct, statements int
			if err := db.QueryRow("SELECT count(*), count(DISTINCT t::text), count(DISTINCT (xmin::text, cmin::text)) FROM "+from+" t").Scan(&rows, &distinct, &statements); err != nil {
				t.Fatal(err)
			}
			want := n
			if c.joined {
				want = cmp.Or(c.statements, 2+1+1+8)
			}
			if rows != n || distinct != n || statements != want {
				t.Errorf("%d rows, %d of them different, by %d statements, want %d", rows, distinct, statements, want)
			}
		})
	}
}

// columns repeats a part of a statement for columns 1 to n.
func columns(n int, part string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, part, i+1)
	}
	return b.String()
}

// rewriter makes the argument that it stands for.
type rewriter struct{ n int }

func (r rewriter) RewriteQuery(_ context.Context, _ *pgx.Conn, sql string, _ []any) (string, []any, error) {
	return sql, []any{r.n}, nil
}

// A row among thousands is named, whatever is wrong with it, and a program's
// transaction is left as a single statement would have left it.
func TestServerJoinedInsertNamesTheRow(t *testing.T) {
	db := batchDB(t, "")
	testdb.MustExec(t, db, "CREATE TABLE t (id int PRIMARY KEY, v varchar(10) NOT NULL)")
	const n = 1300
	for _, bad := range [][]any{{1, "twice"}, {-1, nil}, {-1, strings.Repeat("x", 11)}, {"no number", "v"}, {struct{}{}, "v"}} {
		_, unsent := bad[0].(struct{}) // no argument at all
		for _, at := range []int{2, 255, 256, 1100, n - 1} {
			run := func(e pooled.Executor) {
				t.Helper()
				b := pooled.NewBatch()
				b.Exec("DELETE FROM t WHERE id = $1", -7)
				for i := 1; i < n; i++ {
					if i == at {
						b.Exec("INSERT INTO t VALUES ($1, $2)", bad...)
					} else {
						b.Exec("INSERT INTO t VALUES ($1, $2)", i, "v")
					}
				}
				_, err := b.Run(t.Context(), e)
				var be *pooled.BatchError
				if !errors.As(err, &be) || be.Index != at || be.Operation != "INSERT" {
					t.Errorf("%v at %d: %v", bad, at, err)
				}
				if errors.As(err, new(*pgconn.PgError)) == unsent {
					t.Errorf("%v at %d: %v", bad, at, err)
				}
			}
			run(db)
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			testdb.MustExec(t, tx, "INSERT INTO t VALUES (-7, 'before'); SAVEPOINT mine")
			run(tx)
			if unsent {
				testdb.MustExec(t, tx, "SELECT 1")
			} else if _, err := tx.Exec("SELECT 1"); err == nil {
				t.Errorf("%v at %d: the transaction goes on after an error", bad, at)
			}
			testdb.MustExec(t, tx, "ROLLBACK TO SAVEPOINT mine")
			var left int
			if err := tx.QueryRow("SELECT count(*) FROM t").Scan(&left); err != nil || left != 1 {
				t.Errorf("%v at %d: %d rows, %v", bad, at, left, err)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
			if err := db.QueryRow("SELECT count(*) FROM t").Scan(&left); err != nil || left != 0 {
				t.Errorf("%v at %d: %d rows stay, %v", bad, at, left, err)
			}
		}
	}
}

// In a transaction joined INSERTs leave no savepoint behind, and what follows
// sees them.
func TestServerJoinedInsertsInATransaction(t *testing.T) {
	db := batchDB(t, "")
	testdb.MustExec(t, db, "CREATE TABLE t (id int PRIMARY KEY)")
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	b := pooled.NewBatch()
	for i := range 700 {
		b.Exec("INSERT INTO t VALUES ($1)", i)
	}
	b.Query("SELECT count(*) FROM t")
	res, err := b.Run(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	var seen int
	if err := res.QueryRow(700).Scan(&seen); err != nil || seen != 700 {
		t.Errorf("the query behind them sees %d rows, %v", seen, err)
	}
	if _, err := tx.Exec("ROLLBACK TO SAVEPOINT pooled_batch"); err == nil {
		t.Error("a savepoint is left behind")
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
}
