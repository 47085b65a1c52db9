// Package fakedriver is a database/sql driver for tests that the test itself
// drives: it answers from memory, records what it was asked, fails, blocks and
// panics where it is told to, and notices when it is misused.
//
// A [Server] is the pretended database. Its [Shape] decides which optional
// interfaces of package driver its connections, statements and rows have, and
// the little things in which real drivers differ; there is one shape for each
// driver that the wrapper must not be told apart from.
//
//	srv := fakedriver.New(fakedriver.PGX)
//	db := sql.OpenDB(srv.Connector())
//	srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Err: driver.ErrBadConn})
//	...
//	db.Close()
//	srv.Check(t) // nothing left open, nothing misused
//
// The server understands a handful of statements (see [Server.Answer] for any
// other):
//
//	INSERT INTO t (k, v) VALUES (?, ?)   stores; an existing key is *Error 23505
//	UPDATE t SET v = ? WHERE k = ?       changes
//	DELETE FROM t WHERE k = ?            removes
//	SELECT v FROM t WHERE k = ?          reads back
//	SELECT COUNT(*) FROM t
//	ECHO ?, ?, ...                       one row of the arguments as the driver received them
//	SERIES n                             n rows 1..n
//	SET name = ? / SHOW name             a variable of the session
//	CONNECTION                           the number of the connection
//
// A placeholder is ?, $1, @p1 or :name. Any other query has one row with one
// column "n" of int64(1); any other exec affects one row.
//
// [Noop] is another driver altogether: it does nothing at all and allocates
// nothing, for benchmarks.
package fakedriver
