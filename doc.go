// Package pooled is a database/sql driver that puts a connection pool around
// another driver.
//
// Packages [github.com/pooledsql/pooled/pgx] and
// [github.com/pooledsql/pooled/mysql] register one each when they are imported,
// "pooled-pgx" around pgx and "pooled-mysql" around go-sql-driver/mysql:
//
//	import _ "github.com/pooledsql/pooled/pgx"
//
//	db, err := sql.Open("pooled-pgx", "postgres://app@db.example.com/shop")
//
// [Register], [Wrap] and [WrapConnector] do the same for any other driver. The
// program, and the ORM above it, use the *sql.DB as ever.
//
// # How it works
//
// What sql.DB pools is then a handle, which costs nothing. A connection to the
// server, here called a link, belongs to the pool, which lends it to a handle
// for one loan: from the first use of the handle until sql.DB takes it back.
// At most MaxConns links exist. Callers that find none free wait in one queue,
// first in, first out, no longer than AcquireTimeout and their own context
// allow. The pool dials in the background, as many links as callers wait for,
// keeps MinConns open, replaces links before they are too old and pings those
// that are idle.
//
// Do not call SetMaxOpenConns: it puts sql.DB's queue, which serves callers at
// random, in front of this one.
//
// # Settings
//
// Everything has a default. Settings are read from the [Profile], the
// environment (POOLED_MAX_CONNS), the DSN (pool_max_conns) and options in
// code, the later winning:
//
//	db, err := pooled.Open("pooled-pgx", dsn, func(c *pooled.Config) {
//		c.Profile = pooled.Production
//		c.MaxConns = 20
//	})
//
// [Config] describes each. Whatever is wrong with them is reported by sql.Open
// or [Open], all at once, a [*SettingError] each. No server is contacted for that.
//
// # The pool itself
//
// [Pool.Health] tells how the pool is doing, and why; [Pool.Digests] which
// statements take the time; [Pool.Advise] what to change, and why. See
// docs/health.md, docs/metrics.md and docs/advice.md. Package
// [github.com/pooledsql/pooled/monitor] shows all of it over HTTP.
//
// [From] finds the [Pool] behind a *sql.DB. [Pool.Stats] counts links, waits and
// loans, where db.Stats counts handles. [Pool.Resize] changes the limits while
// callers wait, [Pool.Pause] and [Pool.Resume] hold them back for a while,
// [Pool.Evict] replaces all links, [Pool.Warm] opens the first ones,
// [Pool.Shutdown] ends the pool when the loans under way are over.
//
// # Errors
//
// A caller that gets no link is told why: an [*AcquireError] wraps
// [ErrAcquireTimeout], [ErrQueueFull] or the context's error, with the state of
// the pool and the longest loans. With LeakAfter set the loans name the line of
// code that began them, and one that is older is logged with its call stack.
//
// Errors of the base driver come through unchanged, with one exception: if a
// connection is lost while a statement that may have run is under way, the
// error is a [*LostError], which wraps [ErrOutcomeUnknown] and is not
// driver.ErrBadConn, for database/sql would run the statement once more.
//
// # The base driver's connection
//
// Inside sql.Conn.Raw, [Unwrap] leads from the handle to the base driver's
// connection. Package pgx has a Raw that does all of it and hands out the
// *pgx.Conn.
//
// # What differs
//
// docs/compatibility.md lists what a program can notice, with reasons. With
// pool=off in the DSN ([Config].DisablePool) nothing differs but the types seen
// by sql.Conn.Raw and db.Driver.
package pooled
