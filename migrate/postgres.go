package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3/database"

	"github.com/pooledsql/pooled"
)

// postgres is PostgreSQL and what speaks like it.
type postgres struct{}

var _ server = postgres{}

func (postgres) flavor() pooled.Flavor     { return pooled.Postgres }
func (postgres) dialect() database.Dialect { return database.DialectPostgres }
func (postgres) transactionalDDL() bool    { return true }
func (postgres) placeholder(n int) string  { return fmt.Sprintf("$%d", n) }
func (postgres) now() string               { return "clock_timestamp()" }
func (postgres) micros(column string) string {
	return "(extract(epoch FROM " + column + "::timestamptz) * 1000000)::bigint"
}

func (postgres) createHistory(table string) string {
	return `CREATE TABLE IF NOT EXISTS ` + table + ` (
	id bigint PRIMARY KEY,
	run text NOT NULL,
	version_id bigint NOT NULL,
	name text NOT NULL,
	operation text NOT NULL,
	status text NOT NULL,
	tracked boolean NOT NULL,
	statement integer NOT NULL,
	statements integer NOT NULL,
	begun boolean NOT NULL,
	probe text NOT NULL,
	session bigint NOT NULL,
	checksum_up text NOT NULL,
	checksum_down text NOT NULL,
	tokens_up text NOT NULL,
	tokens_down text NOT NULL,
	hashes text NOT NULL,
	hashes_other text NOT NULL,
	chain text NOT NULL,
	who text NOT NULL,
	host text NOT NULL,
	app_version text NOT NULL,
	error text NOT NULL,
	duration_us bigint NOT NULL,
	started_at timestamptz NOT NULL,
	finished_at timestamptz NULL
)`
}

func (postgres) session(ctx context.Context, q querier) (int64, error) {
	return one[int64](ctx, q, "SELECT pg_backend_pid()")
}

// pooler compares the number of the session that the server names with the one
// that the driver was given at connect. A pooler in between gave a number of
// its own. Its mode does not show, so the lock that holds in every mode is taken.
func (postgres) pooler(ctx context.Context, conn *sql.Conn) (bool, error) {
	version, err := one[string](ctx, conn, "SELECT version()")
	if err != nil {
		return false, err
	}
	// CockroachDB answers true to every request for an advisory lock.
	if strings.Contains(version, "CockroachDB") {
		return true, nil
	}
	var given int64
	err = conn.Raw(func(dc any) error {
		if base, err := pooled.Unwrap(dc); err == nil {
			dc = base
		}
		for {
			switch c := dc.(type) {
			case interface{ Unwrap() driver.Conn }:
				dc = c.Unwrap()
				continue
			case interface{ Raw() driver.Conn }: // XSAM/otelsql
				dc = c.Raw()
				continue
			}
			break
		}
		given = backendPID(dc)
		return nil
	})
	if err != nil || given == 0 {
		return false, err
	}
	pid, err := one[int64](ctx, conn, "SELECT pg_backend_pid()")
	return pid != given, err
}

// backendPID asks a connection of pgx for the number it was given, without
// importing pgx: a program for MySQL must not link it.
func backendPID(dc any) int64 {
	v := reflect.ValueOf(dc)
	call := func(v reflect.Value, m reflect.Value) reflect.Value {
		if !m.IsValid() || m.Type().NumIn() != 0 || m.Type().NumOut() != 1 {
			return reflect.Value{}
		}
		return m.Call(nil)[0]
	}
	if v = call(v, v.MethodByName("Conn")); !v.IsValid() {
		return 0
	}
	if v = call(v, v.MethodByName("PgConn")); !v.IsValid() {
		return 0
	}
	if v = call(v, v.MethodByName("PID")); !v.IsValid() || !v.CanUint() {
		return 0
	}
	return int64(v.Uint())
}

// trySession asks and does not wait: a session that waits within the server
// would hold a snapshot, for which CREATE INDEX CONCURRENTLY waits in turn.
func (postgres) trySession(ctx context.Context, conn *sql.Conn, key sessionKey, _ bool) (bool, error) {
	return one[bool](ctx, conn, "SELECT pg_try_advisory_lock($1)", key.number)
}

func (postgres) sessionHolder(ctx context.Context, q querier, key sessionKey) (id int64, about string, err error) {
	err = q.QueryRowContext(ctx, `SELECT l.pid, concat_ws(', ',
	'session ' || l.pid,
	'application ' || nullif(a.application_name, ''),
	'user ' || a.usename,
	'from ' || host(a.client_addr),
	'connected for ' || date_trunc('second', clock_timestamp() - a.backend_start))
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
	AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (l.classid::bigint << 32) | l.objid::bigint = $1`, key.number).Scan(&id, &about)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return id, about, err
}

func (postgres) busy(ctx context.Context, q querier, session int64) (string, error) {
	return one[string](ctx, q, "SELECT coalesce((SELECT coalesce(query_start::text, 'unknown') FROM pg_stat_activity "+
		"WHERE pid = $1 AND pid <> pg_backend_pid() AND state IS DISTINCT FROM 'idle'), '')", session)
}

func (postgres) lockTimeout(d time.Duration, local bool) string {
	scope := "SESSION"
	if local {
		scope = "LOCAL"
	}
	return fmt.Sprintf("SET %s lock_timeout = %d", scope, max(1, d.Milliseconds()))
}

func (postgres) lockTimedOut(err error) bool {
	state := sqlState(err)
	return state == "55P03" || state == "40P01" // lock_not_available, deadlock_detected
}

func (postgres) absent(err error) bool {
	switch sqlState(err) {
	case "42P01", // undefined_table, also index, view, sequence
		"42703", // undefined_column
		"42704", // undefined_object: constraint, type, trigger
		"42883", // undefined_function
		"3F000": // invalid_schema_name
		return true
	}
	return false
}

// nature knows the few statements that PostgreSQL does not run in a
// transaction. Everything else is atomic.
func (postgres) nature(st *pooled.Statement, text string, inTx bool) nature {
	words := heads(pooled.Postgres, text)
	if st.Multi && !inTx {
		return opaque
	}
	switch st.Class {
	case pooled.Tx:
		return control
	case pooled.Session:
		return session
	case pooled.Call, pooled.Unknown:
		if inTx {
			return atomic
		}
		return opaque
	case pooled.Utility:
		return repeatable // VACUUM, ANALYZE, REINDEX, CLUSTER
	}
	if st.State&pooled.StateTempTable != 0 {
		return volatile
	}
	if inTx || st.Class != pooled.DDL {
		return atomic
	}
	switch {
	case slices.Contains(words, "CONCURRENTLY") && slices.Contains(words, "INDEX"):
		if indexName(text) != "" {
			return probed
		}
		return opaque
	case slices.Contains(words, "CONCURRENTLY"): // DETACH PARTITION
		return opaque
	case len(words) > 1 && slices.Contains([]string{"DATABASE", "TABLESPACE", "SUBSCRIPTION"}, words[1]):
		return opaque
	case len(words) > 1 && words[0] == "ALTER" && words[1] == "SYSTEM":
		return repeatable
	}
	return atomic
}

// indexName returns the name that CREATE or DROP INDEX CONCURRENTLY gives, as
// it is written, and "" if there is none.
func indexName(text string) string {
	raw, words := rawHeads(pooled.Postgres, text), heads(pooled.Postgres, text)
	i := slices.Index(words, "CONCURRENTLY") + 1
	for i < len(words) && slices.Contains([]string{"IF", "NOT", "EXISTS"}, words[i]) {
		i++
	}
	if i == 0 || i >= len(words) || words[i] == "ON" {
		return ""
	}
	name := raw[i]
	for i+2 < len(raw) && raw[i+1] == "." {
		name += "." + raw[i+2]
		i += 2
	}
	return name
}

// probe returns the state of the index.
func (p postgres) probe(ctx context.Context, q querier, st *pooled.Statement, text string) (string, error) {
	name := p.index(st, text)
	state, err := one[sql.NullString](ctx, q,
		"SELECT CASE WHEN i.indisvalid THEN 'valid' ELSE 'invalid' END FROM pg_index i WHERE i.indexrelid = to_regclass($1)", name)
	if errors.Is(err, sql.ErrNoRows) {
		return "absent", nil
	}
	return state.String, err
}

// ran compares the state of the index with what the statement wants.
func (p postgres) ran(ctx context.Context, q querier, st *pooled.Statement, text string, _ *Entry) (bool, error) {
	state, err := p.probe(ctx, q, st, text)
	if st.Operation == "DROP" {
		return state == "absent", err
	}
	return state == "valid", err
}

// index names the index of a statement. CREATE INDEX takes no schema: it is
// that of the table.
func (postgres) index(st *pooled.Statement, text string) string {
	name := indexName(text)
	if st.Operation == "CREATE" && len(st.Tables) > 0 {
		if schema, _, ok := strings.Cut(st.Tables[0], "."); ok {
			name = schema + "." + name
		}
	}
	return name
}

// clean drops the invalid index that a CREATE INDEX CONCURRENTLY left.
func (p postgres) clean(ctx context.Context, q querier, text string) error {
	st := pooled.Classify(pooled.Postgres, text)
	if st.Operation != "CREATE" {
		return nil
	}
	if state, err := p.probe(ctx, q, &st, text); err != nil || state != "invalid" {
		return err
	}
	_, err := q.ExecContext(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+p.index(&st, text))
	return err
}
