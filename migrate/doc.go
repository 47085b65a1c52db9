// Package migrate runs goose migrations with what goose leaves out: a history
// with checksums, validation, a batch that is applied whole or not at all, one
// runner at a time by default, and statement by statement tracking where the
// server commits DDL by itself.
//
//	//go:embed migrations/*.sql
//	var files embed.FS
//
//	dir, err := fs.Sub(files, "migrations")
//	m, err := migrate.New(db, dir)
//	report, err := m.Up(ctx)
//
// Migration files, their annotations and the table goose_db_version are goose's
// own (github.com/pressly/goose/v3) and stay as they are: its Provider reads the
// files, its Store writes the table, and plain goose goes on working beside this
// package on the same database. What this package knows more is in a table of
// its own, goose_db_version_history.
//
// It works on any *sql.DB of PostgreSQL, MySQL or MariaDB, with or without the
// pool of package pooled, also on one that is limited to one connection.
//
// # What a failure leaves
//
// PostgreSQL: all pending migrations are one transaction, broken only around
// files marked NO TRANSACTION, so that a failure leaves nothing of its group.
// MySQL and MariaDB commit with every DDL statement. There, and in files marked
// NO TRANSACTION, every statement is noted before it runs, so that [Migrator.Up]
// goes on where a run ended and [Migrator.Down] goes back to where it began.
// docs/migrate.md says what cannot be undone.
package migrate
