// Package suites runs other people's test suites over the wrapper: those of
// database/sql, of pgx's stdlib and of go-sql-driver/mysql. Their sources are
// copied from GOROOT and the module cache into a temporary module when the
// test runs, and changed by a few rules so that every database is opened
// through the hooks in testdata; nothing of theirs is kept here.
//
// Each suite runs three times: bare, with the pool off and with the pool on.
// What passes bare must pass with the pool off, but for what database/sql's
// documentation leaves open; what does not pass with the pool on is listed
// with its reason, and told to users in docs/compatibility.md.
package suites
