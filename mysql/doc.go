// Package mysql registers the database/sql driver "pooled-mysql": MySQL,
// MariaDB and what speaks their protocol, through
// [github.com/go-sql-driver/mysql] with the pool of package pooled around it.
//
//	import _ "github.com/pooledsql/pooled/mysql"  // was: _ "github.com/go-sql-driver/mysql"
//
//	db, err := sql.Open("pooled-mysql", dsn)      // was: sql.Open("mysql", dsn)
//
// The connection string is go-sql-driver's own; the pool's parameters
// (pool_max_conns and the others) may stand among its parameters. TLS
// configurations, server keys, readers and networks that a program registers
// with go-sql-driver work as before. A dial function registered under a name
// of its own is called as before too; it lets the pool see its sockets by
// calling [pooled.ObserveConn]. One registered under the name of a plain
// network ("tcp", "unix") is not called: this package dials those itself.
//
// A program that builds a mysql.Config passes it through [Observe] and
// [pooled.WrapConnector].
//
// # Several hosts
//
// The address may be a list, which go-sql-driver itself does not know:
//
//	app:secret@tcp(db1:3306,db2:3306)/shop
//
// A connection goes to the first that takes it and takes writes, beginning with
// the one that did so last. The parameter target_session_attrs=any takes
// replicas too; target_session_attrs=primary has a single host asked as well.
// Each host gets an equal share of pool_connect_timeout. When a server answers
// that it takes no writes, the pool replaces its connections.
//
// # Statements
//
// go-sql-driver prepares, executes and closes a statement for every query with
// arguments, two round trips. The pool keeps such statements prepared on each
// connection, so most queries take one. With interpolateParams=true
// go-sql-driver takes one anyway.
//
// # What errors mean
//
// [Dialect] holds the table that says of each error number whether the
// connection, the server, the transaction or the statement is at fault. It
// knows MySQL, MariaDB, Galera, TiDB, Vitess and ProxySQL. To teach it more,
// embed it and override Fault.
package mysql
