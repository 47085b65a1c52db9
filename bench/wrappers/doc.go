// Package wrappers tests pooled together with other wrappers of database/sql
// drivers: below the pool, where they belong, and above it.
package wrappers
