// Package testdb starts private, throw-away PostgreSQL and MariaDB servers for
// tests: on loopback, on a random free port, in a temporary directory.
//
//	func TestMain(m *testing.M) { testdb.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		s := testdb.SharedPostgres(t)         // one server per test binary
//		dsn := s.DSN(s.NewDatabase(t))        // a database of this test's own
//		...
//	}
//
//	func TestSurvivesACrash(t *testing.T) {
//		s := testdb.Postgres(t)               // a server of this test's own
//		...
//		s.Kill()                              // also Stop, Stall, Continue
//		s.Start()                             // same port, same data
//	}
//
// # Which tests get a server
//
// POOLED_TEST_SERVERS=require, which make test sets, starts servers; one that
// cannot start fails the test that asked for it. When it is unset nothing is
// started and tests that need a server skip with a sentence that says what to
// set, so a plain go test works everywhere.
//
// POOLED_TEST_POSTGRES and POOLED_TEST_MYSQL name servers that already run
// (postgres://user:password@host:port/db?sslmode=disable and
// user:password@tcp(host:port)/db). SharedPostgres and SharedMySQL then use
// those. Postgres and MySQL, for tests that kill and restart their server,
// start their own all the same.
//
// # TLS
//
// Every private server speaks TLS, with a certificate of an authority of its
// own (Authority), to clients that ask for it; DSN does not ask. An external
// server must speak it too for the tests that want it.
//
// # What is durable
//
// The servers never wait for a disk, but everything that they acknowledged
// survives Kill: it was written to the operating system by then. Tests rely on
// that when they count the rows that were acknowledged before a crash. For the
// same reason torn-page protection stays on: a write that SIGKILL interrupts
// may be half done.
//
// # What is left behind
//
// Nothing. Servers die with the test process, however it ends: the kernel tells
// them (on Linux), and a small shell process, which waits for the end of a
// pipe, makes sure of it and removes the directory. What stays is a cached
// template of a fresh data directory below os.UserCacheDir, because making one
// takes seconds and copying it takes a tenth of one.
package testdb
