// Package sqlite holds the test that pooled over SQLite is like SQLite. The
// root module has no SQLite.
package sqlite
