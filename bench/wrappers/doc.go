// Package wrappers tests pooled together with other wrappers of database/sql
// drivers: below the pool, where they belong, and above it. Datadog's brings
// hundreds of packages with it and wants a tag:
//
//	POOLED_TEST_SERVERS=require go test -tags heavy ./wrappers
package wrappers
