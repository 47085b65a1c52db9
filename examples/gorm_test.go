package main

import (
	"context"
	"database/sql"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/pooledsql/pooled"
	example "github.com/pooledsql/pooled/examples/gorm"
	pooledpgx "github.com/pooledsql/pooled/pgx"
)

// gormByName opens a database in GORM's own way, or with the driver's name in
// its configuration.
func gormByName(t *testing.T, prepare bool) run {
	return func(ctx context.Context, out io.Writer, driver, dsn string) error {
		var dialector gorm.Dialector
		switch driver {
		case "pgx":
			dialector = postgres.Open(dsn)
		case "pooled-pgx":
			dialector = postgres.New(postgres.Config{DriverName: "pooled-pgx", DSN: dsn})
		case "mysql":
			dialector = mysql.Open(dsn)
		case "pooled-mysql":
			dialector = mysql.New(mysql.Config{DriverName: "pooled-mysql", DSN: dsn})
		}
		g := openGORM(t, dialector, prepare)
		db, err := g.DB()
		if err != nil {
			return err
		}
		if _, ok := pooled.From(db); ok != strings.HasPrefix(driver, "pooled-") {
			t.Errorf("%s: a pool: %t", driver, ok)
		}
		return example.Library(ctx, out, g)
	}
}

func TestGORMByName(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			same(t, s.outcome(t, gormByName(t, false), s.bare), s.outcome(t, gormByName(t, false), s.pooled))
		})
	}
}

// TestGORMPrepared has GORM prepare every statement. Its cache of them has a
// goroutine that never ends, with the bare driver too.
func TestGORMPrepared(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			same(t, s.transcript(t, gormByName(t, true), s.bare), s.transcript(t, gormByName(t, true), s.pooled))
		})
	}
}

// openGORM opens and closes with the test.
func openGORM(t *testing.T, dialector gorm.Dialector, prepare bool) *gorm.DB {
	t.Helper()
	g, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard, TranslateError: true, PrepareStmt: prepare})
	if err != nil {
		t.Fatal(err)
	}
	db, err := g.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return g
}

// TestGORMTimeZone shows what GORM does on its own path alone: the zone of the
// DSN is also that of columns without a zone. The pool does not do it by
// itself, and neither does a bare driver that is named; a connector does.
func TestGORMTimeZone(t *testing.T) {
	dsn := with(servers[0].empty(t), "TimeZone=Asia/Tokyo")
	zone := func(dialector gorm.Dialector) string {
		var at time.Time
		row := openGORM(t, dialector, false).Raw("SELECT timestamp '2026-01-02 03:04:05'").Row()
		if err := row.Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at.Location().String()
	}
	db, err := openTokyo(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct {
		way       string
		dialector gorm.Dialector
		want      string
	}{
		{"GORM's own", postgres.Open(dsn), "Asia/Tokyo"},
		{"bare, by name", postgres.New(postgres.Config{DriverName: "pgx", DSN: dsn}), "UTC"},
		{"pooled, by name", postgres.New(postgres.Config{DriverName: "pooled-pgx", DSN: dsn}), "UTC"},
		{"pooled, connector", postgres.New(postgres.Config{Conn: db}), "Asia/Tokyo"},
	} {
		if got := zone(c.dialector); got != c.want {
			t.Errorf("%s: %s, want %s", c.way, got, c.want)
		}
	}
}

// openTokyo is the code of docs/orm.md.
func openTokyo(dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	pooledpgx.Observe(cfg)
	base := stdlib.GetConnector(*cfg, stdlib.OptionAfterConnect(func(_ context.Context, conn *pgx.Conn) error {
		zone, err := time.LoadLocation("Asia/Tokyo")
		if err != nil {
			return err
		}
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamp", OID: pgtype.TimestampOID, Codec: &pgtype.TimestampCodec{ScanLocation: zone}})
		return nil
	}))
	connector, err := pooled.WrapConnector(base, func(c *pooled.Config) { c.Dialect = pooledpgx.Dialect{} })
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// TestGORMSimpleProtocol shows that PreferSimpleProtocol is for GORM's own path
// too, and that a word in the DSN does the same everywhere.
func TestGORMSimpleProtocol(t *testing.T) {
	dsn := servers[0].empty(t)
	for _, c := range []struct {
		way    string
		config postgres.Config
		simple bool
	}{
		{"GORM's own", postgres.Config{DSN: dsn, PreferSimpleProtocol: true}, true},
		{"bare, by name", postgres.Config{DriverName: "pgx", DSN: dsn, PreferSimpleProtocol: true}, false},
		{"pooled, by name", postgres.Config{DriverName: "pooled-pgx", DSN: dsn, PreferSimpleProtocol: true}, false},
		{"pooled, by name and DSN", postgres.Config{DriverName: "pooled-pgx", DSN: with(dsn, "default_query_exec_mode=simple_protocol")}, true},
	} {
		g := openGORM(t, postgres.New(c.config), false)
		// Two queries on one connection: the first is prepared, or not.
		err := g.Connection(func(tx *gorm.DB) error {
			var n, prepared int
			if err := tx.Raw("SELECT ?::int", 1).Scan(&n).Error; err != nil {
				return err
			}
			if err := tx.Raw("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int%'").Scan(&prepared).Error; err != nil {
				return err
			}
			if simple := prepared == 0; simple != c.simple {
				t.Errorf("%s: simple protocol %t, want %t", c.way, simple, c.simple)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", c.way, err)
		}
	}
}
