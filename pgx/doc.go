// Package pgx registers the database/sql driver "pooled-pgx": PostgreSQL, and
// what speaks its protocol, through [github.com/jackc/pgx/v5/stdlib] with the
// pool of package pooled around it.
//
//	import _ "github.com/pooledsql/pooled/pgx"  // was: _ "github.com/jackc/pgx/v5/stdlib"
//
//	db, err := sql.Open("pooled-pgx", dsn)      // was: sql.Open("pgx", dsn)
//
// The connection string is pgx's own, in URL or keyword/value form, with the
// PG* environment, service and password files, several hosts and
// target_session_attrs; the pool's parameters (pool_max_conns and the others)
// may stand in it too. A name from [stdlib.RegisterConnConfig] works as well;
// call [Observe] on its configuration first, see there.
//
// # COPY, LISTEN, batches
//
// What database/sql has no name for is reached on the *pgx.Conn itself: [Raw]
// borrows one from the pool for the time of a function. Inside [sql.Conn.Raw],
// [Unwrap] turns what it hands out into the *pgx.Conn; a program that asserts
// the type *stdlib.Conn there must use Unwrap instead, because database/sql
// holds a handle of the pool and not the connection.
//
// # What errors mean
//
// [Dialect] holds the table that says of each SQLSTATE whether the connection,
// the server, the transaction or the statement is at fault. It knows
// PostgreSQL and what is peculiar to CockroachDB. To teach it more, embed it
// and override Fault:
//
//	type dialect struct{ pgx.Dialect }
//
//	func (d dialect) Fault(err error) pooled.Fault { ... }
//
//	db, err := pooled.Open("pooled-pgx", dsn, func(c *pooled.Config) { c.Dialect = dialect{} })
package pgx
