package doctor

import (
	"context"
	"strconv"
	"strings"
	"time"

	gopgx "github.com/jackc/pgx/v5"
)

// between tells whether somebody stands between us and the server: the number
// of the session that we were given at the login is then not that of the
// session that answers. Package migrate chooses its lock by the same.
func (s *postgresServer) between(ctx context.Context, e *examination) {
	p := &e.proxy
	p.name, p.mode = byName(e.end.Host)
	p.how = "its address"
	if s.cockroach {
		e.add("proxy", OK, nil, "", "CockroachDB does not tell what stands between")
		return
	}
	var given, answers int64
	err := native(e.conn, func(c *gopgx.Conn) error { given = int64(c.PgConn().PID()); return nil })
	if err == nil {
		err = e.row(ctx, "SELECT pg_backend_pid()", &answers)
	}
	if err != nil {
		e.unknown("proxy", err)
		return
	}
	if given != answers {
		if p.name == "" {
			p.name, p.how = "a pooler", "its own number of the session"
		}
		s.console(ctx, e)
		if p.mode == "" {
			s.watch(ctx, e, answers)
		}
	}
	s.judgeProxy(e)
}

// poolerLimit bounds each of the two questions that follow: a pooler whose
// sessions are all taken lets the second connection wait.
const poolerLimit = 4 * time.Second

// console asks PgBouncer's own database, which it shows to the users in
// stats_users and admin_users, for its mode. All of it is SHOW.
func (s *postgresServer) console(ctx context.Context, e *examination) {
	ctx, cancel := context.WithTimeout(ctx, poolerLimit)
	defer cancel()
	var cfg *gopgx.ConnConfig
	if native(e.conn, func(c *gopgx.Conn) error { cfg = c.Config(); return nil }) != nil {
		return
	}
	database := cfg.Database
	cfg.Database = "pgbouncer"
	cfg.DefaultQueryExecMode = gopgx.QueryExecModeSimpleProtocol // it knows no other
	cfg.RuntimeParams = map[string]string{}
	conn, err := gopgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return // most users may not
	}
	defer conn.Close(ctx)
	table := func(query string) (list []map[string]string) {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			return nil
		}
		defer rows.Close()
		for rows.Next() {
			row := map[string]string{}
			for i, value := range rows.RawValues() {
				row[rows.FieldDescriptions()[i].Name] = string(value)
			}
			list = append(list, row)
		}
		return list
	}
	version := ""
	for _, row := range table("SHOW VERSION") {
		version = row["version"]
	}
	if !strings.HasPrefix(version, "PgBouncer") {
		return // an ordinary database of that name
	}
	p := &e.proxy
	p.name, p.how = version, "its console"
	for _, row := range table("SHOW CONFIG") {
		n, _ := strconv.Atoi(row["value"])
		switch row["key"] {
		case "pool_mode":
			p.mode = row["value"]
		case "max_client_conn":
			p.conns = n
		case "default_pool_size":
			p.size = n
		case "max_prepared_statements":
			p.prepares = n > 0
		}
	}
	p.known = true // before 1.21 there is no max_prepared_statements, and none are carried
	for _, row := range table("SHOW DATABASES") {
		if row["name"] != database {
			continue
		}
		if row["pool_mode"] != "" {
			p.mode = row["pool_mode"]
		}
		if n, _ := strconv.Atoi(row["pool_size"]); n > 0 {
			p.size = n
		}
	}
}

// watchTimes is how often two connections are compared.
const watchTimes = 5

// watch finds out whether sessions are shared between clients: if two of our
// connections, both open, are answered by the same session, or one is answered
// by two, they are. A pooler with a session for each client, or with others'
// load on it, shows neither, so the opposite is not proved.
func (s *postgresServer) watch(ctx context.Context, e *examination, first int64) {
	ctx, cancel := context.WithTimeout(ctx, poolerLimit)
	defer cancel()
	other, err := e.dial(ctx)
	if err != nil {
		return
	}
	defer other.Close()
	seen := [2]int64{first, 0}
	for i := range 2 * watchTimes {
		var now int64
		conn := e.conn
		if i%2 == 0 {
			conn = other
		}
		if err := conn.QueryRowContext(ctx, "SELECT pg_backend_pid()", gopgx.QueryExecModeSimpleProtocol).Scan(&now); err != nil {
			return
		}
		own, others := seen[1-i%2], seen[i%2]
		if own != 0 && now != own || now == others {
			e.proxy.mode = "transaction"
			return
		}
		seen[1-i%2] = now
	}
}

func (s *postgresServer) judgeProxy(e *examination) {
	p := &e.proxy
	if p.name == "" {
		e.add("proxy", OK, nil, "", "nothing shows between here and the server")
		return
	}
	values := map[string]any{"name": p.name, "mode": p.mode}
	mode := map[string]string{"": "it shows no sharing of sessions", "session": "in session mode", "transaction": "in transaction mode", "statement": "in statement mode"}[p.mode]
	text := p.name + " stands between, " + mode + " (told by " + p.how + ")"
	e.add("proxy", OK, values, "", "%s", text)
	if p.conns > 0 {
		want := max(1, e.Instances) * e.settled.MaxConns
		values := map[string]any{"max": p.conns, "wanted": want}
		if want > p.conns {
			e.add("proxy_limit", Failure, values, "raise max_client_conn, or lower pool_max_conns", "it takes %d clients in all, %d are wanted", p.conns, want)
		} else {
			e.add("proxy_limit", OK, values, "", "it takes %d clients in all, and has up to %d sessions on the server for each database and user", p.conns, p.size)
		}
	}
	if p.mode == "statement" {
		e.add("proxy_transactions", Failure, nil, "set pool_mode to transaction", "in statement mode it refuses transactions")
	}
	s.judgePrepared(e)
}

// judgePrepared looks at what a pooler that shares sessions does to prepared
// statements: one that it does not carry along is not there, or another one,
// on the session that runs it.
func (s *postgresServer) judgePrepared(e *examination) {
	p := &e.proxy
	if !p.shares() {
		return
	}
	var prepares []string
	if e.settled.StatementCacheSize > 0 {
		prepares = append(prepares, "pool_statement_cache_size=off")
	}
	_ = native(e.conn, func(c *gopgx.Conn) error {
		switch c.Config().DefaultQueryExecMode {
		case gopgx.QueryExecModeCacheStatement, gopgx.QueryExecModeCacheDescribe:
			prepares = append(prepares, "default_query_exec_mode=exec")
		}
		return nil
	})
	do := "put into the DSN: " + strings.Join(prepares, " ") + "; or set max_prepared_statements in PgBouncer 1.21 or later"
	switch {
	case prepares == nil:
		e.add("prepared_statements", OK, nil, "", "nothing is prepared across transactions")
	case p.known && p.prepares:
		e.add("prepared_statements", OK, nil, "", "it carries prepared statements along (max_prepared_statements)")
	case p.known:
		e.add("prepared_statements", Failure, nil, do, "prepared statements get lost between its sessions")
	default:
		e.add("prepared_statements", Warning, nil, do, "prepared statements get lost between its sessions, unless it carries them along")
	}
}
