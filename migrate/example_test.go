package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"

	_ "github.com/pooledsql/pooled/pgx"

	"github.com/pooledsql/pooled/migrate"
)

// A deployment job applies what is pending and says what was wrong.
func ExampleMigrator_Up() {
	db, err := sql.Open("pooled-pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	m, err := migrate.New(db, os.DirFS("migrations"))
	if err != nil {
		log.Fatal(err)
	}
	report, err := m.Up(context.Background())
	for _, s := range report.Steps {
		fmt.Println(s.Direction, s.Name, s.Duration)
	}
	var invalid *migrate.ValidationError
	var failed *migrate.MigrationError
	switch {
	case errors.As(err, &invalid):
		for _, f := range invalid.Findings {
			fmt.Println(f.Severity, f.File, f.Statement, f.Message)
		}
	case errors.As(err, &failed):
		fmt.Println(failed.Name, failed.Statement, failed.Remains)
	case err != nil:
		fmt.Println(err)
	}
}

// A service does not begin its work on a database that is behind it.
func ExampleMigrator_Startup() {
	db, err := sql.Open("pooled-pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	m, err := migrate.New(db, os.DirFS("migrations"))
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Startup(context.Background(), migrate.StartupRefuse); errors.Is(err, migrate.ErrPending) {
		log.Fatal("run the migrations first: ", err)
	}
}
