package pooled

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestParseInsert(t *testing.T) {
	for _, c := range []struct {
		flavor Flavor
		query  string
		want   insertText
		second string // row
	}{
		{MySQL, "INSERT INTO t VALUES (?)", insertText{"INSERT INTO t VALUES", "(?)", "", "t", 1, nil}, "(?)"},
		{MySQL, "insert into `s`.`t``x` (`a`, b) values(?, 1, -2.5, 'x', NULL, default, TRUE);",
			insertText{"insert into `s`.`t``x` (`a`, b) values", "(?, 1, -2.5, 'x', NULL, default, TRUE)", "s", "t`x", 1, nil}, "(?, 1, -2.5, 'x', NULL, default, TRUE)"},
		{MySQL, `INSERT INTO t VALUES ("a") -- x`, insertText{"INSERT INTO t VALUES", `("a")`, "", "t", 0, nil}, `("a")`},
		{Postgres, `INSERT INTO S."T" (a) VALUES ($1, '$1', $2)`,
			insertText{`INSERT INTO S."T" (a) VALUES`, "($1, '$1', $2)", "s", "T", 2, []string{"(", ", '$1', ", ")"}}, "($3, '$1', $4)"},
		{Postgres, `INSERT INTO ÉT VALUES ($1)`, insertText{`INSERT INTO ÉT VALUES`, "($1)", "", "Ét", 1, []string{"(", ")"}}, "($2)"},
		{Postgres, `INSERT INTO "a"".b" VALUES (1, E'\'', NULL)`, insertText{`INSERT INTO "a"".b" VALUES`, `(1, E'\'', NULL)`, "", `a".b`, 0, nil}, `(1, E'\'', NULL)`},
	} {
		got, ok := parseInsert(c.flavor, c.query)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.query, got, ok, c.want)
		}
		if got, want := got.ofRows(2), c.want.head+c.want.tuple+","+c.second; got != want {
			t.Errorf("%s: two rows are %s, want %s", c.query, got, want)
		}
	}
	for _, query := range []string{
		"INSERT INTO t VALUES ($2, $1)", "INSERT INTO t VALUES ($1, $1)", "INSERT INTO t VALUES ($1, $3)", "INSERT INTO t VALUES (?)", "INSERT INTO t VALUES (:a)",
		"INSERT INTO t VALUES (@a)", "INSERT INTO t VALUES ($1::int)", "INSERT INTO t VALUES ('a'::text)", "INSERT INTO t VALUES (now())", "INSERT INTO t VALUES (array[1])",
		"INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING", "INSERT INTO t VALUES ($1) RETURNING id", "INSERT INTO t OVERRIDING SYSTEM VALUE VALUES ($1)",
		"INSERT INTO t AS x VALUES ($1)", "INSERT INTO t DEFAULT VALUES", "INSERT INTO t VALUES ($1), ($2)", "INSERT INTO t VALUES ($1 + 1)", "INSERT INTO t (a[1]) VALUES ($1)",
		`INSERT INTO t VALUES (U&'d!0061' UESCAPE '!')`,
	} {
		if got, ok := parseInsert(Postgres, query); ok {
			t.Errorf("%s: %+v", query, got)
		}
	}
	for _, query := range []string{
		"", "INSERT", "INSERT INTO", "INSERT INTO t", "INSERT INTO t VALUES", "INSERT INTO t VALUES (", "INSERT INTO t VALUES (?", "SELECT 1",
		"INSERT IGNORE INTO t VALUES (?)", "INSERT t VALUES (?)", "REPLACE INTO t VALUES (?)", "INSERT INTO t VALUES (?), (?)",
		"INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = 1", "INSERT INTO t VALUES (?) RETURNING id", "INSERT INTO t VALUES (?); DELETE FROM t",
		"INSERT INTO t SELECT 1", "INSERT INTO t VALUES ((SELECT 1))", "INSERT INTO t VALUES (LAST_INSERT_ID())", "INSERT INTO t VALUES (NOW())",
		"INSERT INTO t VALUES (@x)", "INSERT INTO t VALUES (@x := 1)", "INSERT INTO t PARTITION (p) VALUES (?)", "INSERT INTO t SET a = ?",
		"INSERT INTO t VALUES (?) AS n", "INSERT INTO t VALUES (/*! 1, */ ?)", "INSERT INTO t VALUES ('a\\'')",
		"INSERT INTO t VALUES (a)", "INSERT INTO t VALUES (? + 1)", "INSERT INTO a.b.c VALUES (?)", "INSERT INTO t VALUES ('a", "INSERT INTO t (a VALUES (?)",
		"INSERT INTO t (a", "WITH x AS (SELECT 1) INSERT INTO t VALUES (?)", "INSERT INTO t VALUES (_utf8'x')",
	} {
		if got, ok := parseInsert(MySQL, query); ok {
			t.Errorf("%s: %+v", query, got)
		}
	}
}

func FuzzParseInsert(f *testing.F) {
	f.Add("INSERT INTO t VALUES (?)")
	f.Add("insert into `s`.`t``x` (`a`, b) values(?, 1, -2.5, 'x', NULL, default, TRUE);")
	f.Add("INSERT INTO t (a")
	f.Fuzz(func(t *testing.T, query string) {
		for _, fl := range []Flavor{MySQL, Postgres} {
			got, ok := parseInsert(fl, query)
			if !ok {
				continue
			}
			// Joined with itself it is one INSERT still.
			st := Classify(fl, got.head+got.tuple+","+got.tuple)
			if st.Operation != "INSERT" || st.Multi || st.Class != Write {
				t.Errorf("%q: %+v", query, st)
			}
		}
	})
}

// Every shape of driver runs a batch, with and without the pool, and gives the
// connection back when an item fails.
func TestBatchOnEveryShape(t *testing.T) {
	for _, shape := range fakedriver.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			r := newRig(t, shape, conns(0, 1))
			bare := sql.OpenDB(r.srv.Connector())
			defer bare.Close()
			for k, db := range map[int]*sql.DB{1: r.db, 2: bare} {
				b := NewBatch()
				b.Exec(shape.SQL(write), k, "x")
				b.Query(read)
				res, err := b.Run(context.Background(), db)
				r.must(err)
				var n int
				if err := res.QueryRow(1).Scan(&n); err != nil || n != 1 {
					t.Errorf("%d, %v", n, err)
				}
				if _, err := res.Exec(0); err != nil {
					t.Error(err)
				}
				b.Exec(shape.SQL(write), k, "again") // the first fails already
				var be *BatchError
				if _, err := b.Run(context.Background(), db); !errors.As(err, &be) || be.Index != 0 || be.Operation != "INSERT" {
					t.Errorf("a duplicate key: %v", err)
				}
			}
			r.counts(0, 1, 0, 0, 0)
		})
	}
}

// In a transaction of a driver without the pool a batch is found out by a
// comment, and runs all the same.
func TestBatchInAForeignTransaction(t *testing.T) {
	for _, shape := range fakedriver.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			r := newRig(t, shape)
			bare := sql.OpenDB(r.srv.Connector())
			defer bare.Close()
			tx, err := bare.Begin()
			r.must(err)
			b := NewBatch()
			b.Query(read)
			if _, err := b.Run(context.Background(), tx); err != nil {
				t.Error(err)
			}
			r.must(tx.Rollback())
			if _, err := b.Run(context.Background(), tx); !errors.Is(err, sql.ErrTxDone) {
				t.Errorf("after its end: %v", err)
			}
			if _, err := InsertMany(context.Background(), bare, "t", []string{"a"}, func(func([]any) bool) {}); !errors.Is(err, errNotPooled) {
				t.Errorf("InsertMany: %v", err)
			}
		})
	}
}

// Without a pool nobody knows which server's literals these are: none of them
// is in an error.
func TestBatchOnAForeignDBShowsNoLiteral(t *testing.T) {
	bare := sql.OpenDB(newRig(t, fakedriver.MySQL).srv.Connector())
	defer bare.Close()
	for _, text := range []string{
		`INSERT INTO nowhere VALUES ("hunter2")`,
		`INSERT INTO nowhere VALUES ('it\'s hunter2')`,
		"INSERT INTO nowhere VALUES ($$hunter2$$)",
		"INSERT INTO nowhere VALUES (1) # 'hunter2",
		"INSERT INTO nowhere VALUES ('hunter2')",
	} {
		b := NewBatch()
		b.Exec(text)
		_, err := b.Run(context.Background(), bare)
		be, ok := errors.AsType[*BatchError](err)
		if !ok || be.Operation != "INSERT" {
			t.Fatalf("%s: %T %v", text, err, err)
		}
		if be.Err = nil; strings.Contains(be.Digest+be.Error(), "hunter2") {
			t.Errorf("%s: %v", text, be)
		}
	}
}

// A batch of reads whose connection dies runs again; one that writes does not.
// No error makes sql.DB repeat it.
func TestBatchRunsAgainOnlyIfItReads(t *testing.T) {
	r := newRig(t, fakedriver.PGX, conns(0, 1))
	var told []QueryInfo
	r.pool.cfg.Hooks.OnQuery = func(q QueryInfo) { told = append(told, q) }
	reads := NewBatch()
	reads.Query(read)
	reads.Query(read)
	r.read(r.db)
	told = nil
	r.srv.KillAll()
	if _, err := reads.Run(context.Background(), r.db); err != nil {
		t.Error(err)
	}
	r.lost = true
	if n := len(told); n == 0 || told[n-1].BatchSize != 2 || told[n-1].Statement != batchReadStatement || told[n-1].Err != nil {
		t.Errorf("told %+v", told)
	}
}

func TestBatchItemsAreMeasuredAndNotCountedAsRepetitions(t *testing.T) {
	r := newRig(t, fakedriver.PGX, conns(0, 1), func(c *Config) { c.RepeatLimit = 3 })
	b := NewBatch()
	for range 20 {
		b.Query(read)
	}
	_, err := b.Run(Scope(context.Background()), r.db)
	r.must(err)
	if n := r.pool.Repeats(); len(n) != 0 {
		t.Errorf("repeats %+v", n)
	}
	calls := uint64(0)
	for _, d := range r.pool.Digests(10) {
		if d.Operation == "SELECT" {
			calls = d.Calls
		}
	}
	if calls != 20 {
		t.Errorf("%d calls", calls)
	}
}

func TestInsertManyRefusesWhatItCannotDo(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	none := func(func([]any) bool) {}
	for _, c := range []struct {
		table   string
		columns []string
		opts    []InsertOption
	}{
		{"", []string{"a"}, nil},
		{"t", nil, nil},
		{"t", []string{"a"}, []InsertOption{func(o *InsertOptions) { o.Chunk = 0 }}},
	} {
		if _, err := InsertMany(context.Background(), r.db, c.table, c.columns, none, c.opts...); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	if _, err := InsertMany(context.Background(), r.db, "t", []string{"a"}, nil); err == nil {
		t.Error("no iterator was accepted")
	}
	short := func(yield func([]any) bool) { _ = yield([]any{1, 2}) && yield([]any{3}) }
	var be *BatchError
	if _, err := InsertMany(context.Background(), r.db, "t", []string{"a", "b"}, short); !errors.As(err, &be) || be.Index != 1 {
		t.Errorf("a row that is too short: %v", err)
	}
	if n, err := InsertMany(context.Background(), r.db, "t", []string{"a"}, none); n != 0 || err != nil {
		t.Errorf("no rows: %d, %v", n, err)
	}
}

// An iterator that panics in the middle leaves neither the transaction nor the
// link behind.
func TestInsertManyWhoseIteratorPanics(t *testing.T) {
	r := newRig(t, fakedriver.PGX, conns(0, 1))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_, _ = InsertMany(context.Background(), r.db, "t", []string{"k", "v"}, func(yield func([]any) bool) {
			for i := range 3 {
				if !yield([]any{i, "x"}) {
					return
				}
			}
			panic("the iterator's own")
		}, func(o *InsertOptions) { o.Chunk = 2 })
	}()
	if _, err := r.db.Exec(fakedriver.PGX.SQL(write), 0, "x"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
