// Command examples runs one of the examples on a database, which should be empty
// for it makes tables:
//
//	go run . gorm pooled-pgx 'postgres://app:secret@localhost/example'
//	go run . gorm pgx 'postgres://app:secret@localhost/example'
//	go run . gorm pooled-mysql 'app:secret@tcp(localhost:3306)/example?parseTime=true'
//
// Each is a directory with a program of its own: its Run is what a main function
// would call. They are packages only so that one test can run them all.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"

	// What a program imports: the bare drivers, and the same with a pool.
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/pooledsql/pooled/mysql"
	_ "github.com/pooledsql/pooled/pgx"

	basic "github.com/pooledsql/pooled/examples/basic"
	batches "github.com/pooledsql/pooled/examples/batches"
	bun "github.com/pooledsql/pooled/examples/bun"
	ent "github.com/pooledsql/pooled/examples/ent"
	golangmigrate "github.com/pooledsql/pooled/examples/golangmigrate"
	goose "github.com/pooledsql/pooled/examples/goose"
	gorm "github.com/pooledsql/pooled/examples/gorm"
	loadtest "github.com/pooledsql/pooled/examples/loadtest"
	monitoring "github.com/pooledsql/pooled/examples/monitoring"
	recovery "github.com/pooledsql/pooled/examples/recovery"
	river "github.com/pooledsql/pooled/examples/river"
	sqlc "github.com/pooledsql/pooled/examples/sqlc"
	sqlx "github.com/pooledsql/pooled/examples/sqlx"
	transactions "github.com/pooledsql/pooled/examples/transactions"
	tuning "github.com/pooledsql/pooled/examples/tuning"
	xorm "github.com/pooledsql/pooled/examples/xorm"
)

// run is what every example has: driver is the name that sql.Open gets.
type run = func(ctx context.Context, out io.Writer, driver, dsn string) error

// program is one directory.
type program struct {
	name string
	run  run
	on   []string // the drivers that it runs on
}

var (
	onPostgres = []string{"pgx", "pooled-pgx"}
	onMySQL    = []string{"mysql", "pooled-mysql"}
	onAll      = slices.Concat(onPostgres, onMySQL)
	onPooled   = []string{"pooled-pgx", "pooled-mysql"}
)

var examples = []program{
	{"bun", bun.Run, onAll},
	{"ent", ent.Run, onAll},
	{"golangmigrate", golangmigrate.Run, onAll},
	{"goose", goose.Run, onAll},
	{"gorm", gorm.Run, onAll},
	{"river", river.Run, onPostgres},
	{"sqlc", sqlc.Run, onAll},
	{"sqlx", sqlx.Run, onAll},
	{"xorm", xorm.Run, onAll},

	{"basic", basic.Run, onAll},
	{"batches", batches.Run, onPooled},
	{"loadtest", loadtest.Run, onPooled},
	{"monitoring", monitoring.Run, onPooled},
	{"recovery", recovery.Run, onPooled},
	{"transactions", transactions.Run, onPooled},
	{"tuning", tuning.Run, onPooled},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) == 4 {
		for _, e := range examples {
			if e.name == os.Args[1] {
				if err := e.run(ctx, os.Stdout, os.Args[2], os.Args[3]); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, "Usage: go run . EXAMPLE DRIVER DSN")
	for _, e := range examples {
		fmt.Fprintln(os.Stderr, "  ", e.name, e.on)
	}
	os.Exit(2)
}
