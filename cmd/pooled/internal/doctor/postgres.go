package doctor

import (
	"context"
	"crypto/tls"
	"database/sql"
	"strconv"
	"strings"
	"time"

	gopgx "github.com/jackc/pgx/v5"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
	"github.com/pooledsql/pooled/pgx"
)

// oldestPostgres is the oldest major version that the tests run with.
const oldestPostgres = 12

// postgresServer asks PostgreSQL, and what speaks its protocol.
type postgresServer struct {
	user      string
	superuser bool
	cockroach bool
}

// native calls f with pgx's own connection.
func native(conn *sql.Conn, f func(*gopgx.Conn) error) error {
	return conn.Raw(func(driverConn any) error {
		c, err := pgx.Unwrap(driverConn)
		if err != nil {
			return err
		}
		return f(c)
	})
}

func (s *postgresServer) identify(ctx context.Context, e *examination) bool {
	var version, database, readOnly string
	var standby bool
	err := e.row(ctx, `SELECT version(), current_user::text, current_database()::text, pg_is_in_recovery(), current_setting('default_transaction_read_only')`,
		&version, &s.user, &database, &standby, &readOnly)
	if err != nil {
		e.unknown("server", err)
		return false
	}
	name := productOf(version)
	s.cockroach = strings.Contains(version, "CockroachDB")
	e.report.Server = fit.Clean(name + " at " + place(e.end))
	values := map[string]any{"version": name, "user": s.user, "database": database}
	if major := majorOf(name, "PostgreSQL "); major > 0 && major < oldestPostgres {
		e.add("server", Warning, values, "use PostgreSQL "+strconv.Itoa(oldestPostgres)+" or later, which the pool is tested with", "%s, user %s, database %s", name, s.user, database)
	} else {
		e.add("server", OK, values, "", "%s, user %s, database %s", name, s.user, database)
	}
	const primary = "name the primary, or several hosts with target_session_attrs=read-write"
	switch {
	case standby:
		e.add("writable", Warning, nil, primary, "the server is a standby and takes no writes")
	case readOnly == "on":
		e.add("writable", Warning, nil, "see where default_transaction_read_only is set: ALTER ROLE, ALTER DATABASE or the DSN", "transactions are read-only unless they say otherwise (default_transaction_read_only)")
	default:
		e.add("writable", OK, nil, "", "the server takes writes")
	}
	return true
}

// productOf takes the name and the number out of a server's long version.
func productOf(version string) string {
	words := strings.Fields(version)
	for i, w := range words {
		w = strings.TrimPrefix(w, "v")
		if w != "" && w[0] >= '0' && w[0] <= '9' {
			return strings.Join(append(words[:i:i], strings.TrimSuffix(w, ",")), " ")
		}
	}
	return version
}

// majorOf returns the number behind the prefix; 0 if there is none.
func majorOf(name, prefix string) int {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	n, _ := strconv.Atoi(rest)
	return n
}

// encryption asks the server about its side. Where something stands between,
// that is another connection than ours, whose state the driver knows.
func (s *postgresServer) encryption(ctx context.Context, e *examination) {
	var ours encryption
	err := native(e.conn, func(c *gopgx.Conn) error {
		conn, ok := c.PgConn().Conn().(*tls.Conn)
		if !ok {
			return nil
		}
		state := conn.ConnectionState()
		ours = encryption{on: true, version: strings.Replace(tls.VersionName(state.Version), "TLS 1", "TLSv1", 1), cipher: tls.CipherSuiteName(state.CipherSuite)}
		if len(state.PeerCertificates) > 0 {
			ours.expires = state.PeerCertificates[0].NotAfter
		}
		return nil
	})
	if err != nil {
		e.unknown("tls", err)
		return
	}
	var on bool
	var version, cipher string
	err = e.row(ctx, "SELECT ssl, coalesce(version, ''), coalesce(cipher, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &on, &version, &cipher)
	if err == nil && on && ours.on {
		ours.version, ours.cipher = version, cipher // in OpenSSL's words
	}
	e.judgeEncryption(ours)
	switch {
	case err != nil && !s.cockroach:
		e.unknown("tls_server", err)
	case err == nil && on != ours.on:
		what := map[bool]string{true: "with TLS", false: "in plain text"}
		e.add("tls_server", OK, map[string]any{"on": on}, "", "the server says that its session is %s and the client talks %s: something in between ends TLS", what[on], what[ours.on])
	}
}

func (s *postgresServer) limits(ctx context.Context, e *examination) {
	c := capacity{open: -1, others: -1}
	err := e.row(ctx, `SELECT current_setting('max_connections')::int8, current_setting('superuser_reserved_connections')::int8 +
 coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int8, current_setting('is_superuser') = 'on'`, &c.max, &c.reserved, &s.superuser)
	if err != nil {
		e.unknown("connections", err)
		return
	}
	if s.superuser {
		c.reserved = 0
	}
	// backend_type is hidden from who may not see other users' sessions; a user
	// and a database then tell them from the server's own processes.
	var user, database sql.NullInt64
	if err := e.row(ctx, `SELECT count(*), count(*) FILTER (WHERE usename IS DISTINCT FROM current_user) FROM pg_stat_activity
 WHERE backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL AND datid IS NOT NULL`, &c.open, &c.others); err != nil {
		e.unknown("in_use", err)
	}
	if err := e.row(ctx, `SELECT (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user), (SELECT datconnlimit FROM pg_database WHERE datname = current_database())`,
		&user, &database); err != nil {
		e.unknown("user_limit", err)
	}
	if !s.superuser {
		c.user, c.database = int(user.Int64), int(database.Int64)
	}
	c.judge(e)
}

func (s *postgresServer) timeouts(ctx context.Context, e *examination) {
	found := map[string]time.Duration{}
	source := map[string]string{}
	err := e.ask(ctx, `SELECT name, setting, source FROM pg_settings WHERE name IN
 ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout')`, func(rows *sql.Rows) error {
		var name, text, from string
		if err := rows.Scan(&name, &text, &from); err != nil {
			return err
		}
		n, err := strconv.ParseInt(text, 10, 64) // milliseconds
		found[name] = time.Duration(n) * time.Millisecond
		if from == "user" || from == "database" {
			source[name] = from
		}
		return err
	})
	if err != nil {
		e.unknown("idle_timeout", err)
		return
	}
	e.judgeIdle("idle_session_timeout", found["idle_session_timeout"])
	e.judgeForgotten("idle_in_transaction_session_timeout", found["idle_in_transaction_session_timeout"])
	e.judgeStatements("statement_timeout", source["statement_timeout"], found["statement_timeout"])
}

func (s *postgresServer) privileges(ctx context.Context, e *examination) {
	if s.superuser {
		e.add("superuser", Warning, nil, "create a role of its own for the program, without SUPERUSER: a superuser passes every check and takes the reserved sessions",
			"the user %s is a superuser", s.user)
	} else {
		e.add("superuser", OK, nil, "", "the user %s is no superuser", s.user)
	}
	var schema sql.NullString
	var create sql.NullBool
	var stats bool
	if err := e.row(ctx, `SELECT current_schema()::text, has_schema_privilege(current_schema(), 'CREATE'), pg_has_role('pg_read_all_stats', 'USAGE')`,
		&schema, &create, &stats); err != nil {
		e.unknown("create", err)
		return
	}
	e.judgeStats(stats, "pg_stat_activity", "GRANT pg_read_all_stats TO the user if health and the live page are to count what others run")
	e.judgeCreate(schema.Valid, create.Bool, "schema "+schema.String, "set search_path to a schema that there is, and that the user may use", "no schema of search_path is there for the user")
}
