package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3/database"

	"github.com/pooledsql/pooled"
)

// mysql is MySQL, MariaDB and what speaks their protocol.
type mysql struct{}

var _ server = mysql{}

func (mysql) flavor() pooled.Flavor     { return pooled.MySQL }
func (mysql) dialect() database.Dialect { return database.DialectMySQL }
func (mysql) transactionalDDL() bool    { return false }
func (mysql) placeholder(int) string    { return "?" }
func (mysql) now() string               { return "UTC_TIMESTAMP(6)" }
func (mysql) micros(column string) string {
	return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " + column + ")"
}

func (mysql) createHistory(table string) string {
	return `CREATE TABLE IF NOT EXISTS ` + table + ` (
	id bigint NOT NULL PRIMARY KEY,
	run varchar(40) NOT NULL,
	version_id bigint NOT NULL,
	name varchar(255) NOT NULL,
	operation varchar(20) NOT NULL,
	status varchar(20) NOT NULL,
	tracked boolean NOT NULL,
	statement integer NOT NULL,
	statements integer NOT NULL,
	begun boolean NOT NULL,
	probe varchar(64) NOT NULL,
	session bigint NOT NULL,
	checksum_up varchar(64) NOT NULL,
	checksum_down varchar(64) NOT NULL,
	tokens_up varchar(64) NOT NULL,
	tokens_down varchar(64) NOT NULL,
	hashes longtext NOT NULL,
	hashes_other longtext NOT NULL,
	chain varchar(64) NOT NULL,
	who varchar(255) NOT NULL,
	host varchar(255) NOT NULL,
	app_version varchar(255) NOT NULL,
	error text NOT NULL,
	duration_us bigint NOT NULL,
	started_at datetime(6) NOT NULL,
	finished_at datetime(6) NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`
}

func (mysql) session(ctx context.Context, q querier) (int64, error) {
	return one[int64](ctx, q, "SELECT CONNECTION_ID()")
}

// pooler looks for a Galera cluster, where each node has locks of its own.
// GET_LOCK makes ProxySQL keep a client on its session.
func (mysql) pooler(ctx context.Context, conn *sql.Conn) (bool, error) {
	var name, value string
	err := conn.QueryRowContext(ctx, "SHOW VARIABLES LIKE 'wsrep_on'").Scan(&name, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return value == "ON", err
}

// trySession waits in the server, where it costs nothing, for a second at most.
func (mysql) trySession(ctx context.Context, conn *sql.Conn, key sessionKey, wait bool) (bool, error) {
	seconds := 0
	if wait {
		seconds = 1
	}
	n, err := one[sql.NullInt64](ctx, conn, fmt.Sprintf("SELECT GET_LOCK('%s', %d)", key.name, seconds))
	return n.Int64 == 1, err
}

func (mysql) sessionHolder(ctx context.Context, q querier, key sessionKey) (int64, string, error) {
	id, err := one[sql.NullInt64](ctx, q, fmt.Sprintf("SELECT IS_USED_LOCK('%s')", key.name))
	if err != nil || !id.Valid {
		return 0, "", err
	}
	about := "session " + itoa(id.Int64)
	var user, host string
	var seconds int64
	err = q.QueryRowContext(ctx, "SELECT user, host, time FROM information_schema.processlist WHERE id = "+itoa(id.Int64)).
		Scan(&user, &host, &seconds)
	if err == nil {
		about += fmt.Sprintf(", user %s, from %s, in its present state for %v", user, host, time.Duration(seconds)*time.Second)
	} else if errors.Is(err, sql.ErrNoRows) {
		err = nil // gone meanwhile, or another user's, which needs a privilege to see
	}
	return id.Int64, about, err
}

// busy looks at the list of sessions, where a user sees at least its own.
func (mysql) busy(ctx context.Context, q querier, session int64) (string, error) {
	return one[string](ctx, q, "SELECT coalesce((SELECT concat(command, coalesce(info, '')) FROM information_schema.processlist WHERE id = "+
		itoa(session)+" AND id <> CONNECTION_ID() AND command <> 'Sleep'), '')")
}

func (mysql) lockTimeout(d time.Duration, _ bool) string {
	return fmt.Sprintf("SET SESSION lock_wait_timeout = %d", max(1, int(d.Round(time.Second)/time.Second)))
}

func (mysql) lockTimedOut(err error) bool {
	n := errorNumber(err)
	return n == 1205 || n == 1213 // lock wait timeout, deadlock
}

func (mysql) absent(err error) bool {
	switch errorNumber(err) {
	case 1051, // unknown table (DROP TABLE)
		1054, // unknown column
		1072, // key column does not exist
		1091, // cannot drop column or key: check that it exists
		1141, // no such grant
		1146, // table does not exist
		1176, // key does not exist
		1305, // procedure or function does not exist
		1360, // trigger does not exist
		1396, // DROP USER failed
		1507, // no such partition
		1539, // unknown event
		3821, // check constraint not found
		4091, // unknown sequence (MariaDB)
		4092: // unknown view (MariaDB)
		return true
	}
	return false
}

// nature: what changes rows can share a transaction with the note that it ran,
// nothing that changes the schema can.
func (mysql) nature(st *pooled.Statement, text string, _ bool) nature {
	words := heads(pooled.MySQL, text)
	if st.Multi {
		return opaque
	}
	switch st.Class {
	case pooled.Tx:
		return control
	case pooled.Read, pooled.Write:
		return atomic
	case pooled.Session:
		if st.Operation == "LOCK" {
			return opaque // until UNLOCK TABLES nothing can be noted
		}
		return session
	case pooled.Utility:
		return repeatable // ANALYZE, OPTIMIZE, SHOW
	case pooled.Call, pooled.Unknown:
		return opaque
	}
	if st.State&pooled.StateTempTable != 0 || slices.Contains(words, "TEMPORARY") {
		return volatile // also the only DDL that commits nothing
	}
	switch st.Operation {
	case "GRANT", "REVOKE", "TRUNCATE", "FLUSH":
		return repeatable
	}
	// EXCHANGE PARTITION and a RENAME in a circle look the same before and after.
	if slices.Contains(words, "EXCHANGE") || st.Operation == "RENAME" && repeats(st.Tables) {
		return opaque
	}
	if kind, _ := mysqlObject(text); kind != "" || len(st.Tables) > 0 {
		return probed
	}
	if slices.Contains(words, "EXISTS") || slices.Contains(words, "REPLACE") {
		return repeatable // IF EXISTS, IF NOT EXISTS, OR REPLACE
	}
	return opaque
}

func repeats(names []string) bool {
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted)) < len(names)
}

// mysqlObject names what CREATE, ALTER or DROP is about where SHOW CREATE can
// tell of it and it is no table.
func mysqlObject(text string) (kind, name string) {
	words := heads(pooled.MySQL, text)
	for i, w := range words {
		switch w {
		case "TABLE", "INDEX", "VIEW", "KEY":
			return "", ""
		case "SCHEMA", "DATABASE", "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "USER":
			raw := rawHeads(pooled.MySQL, text)[i+1:]
			for len(raw) > 0 && slices.Contains([]string{"IF", "NOT", "EXISTS"}, strings.ToUpper(raw[0])) {
				raw = raw[1:]
			}
			if len(raw) == 0 {
				return "", ""
			}
			name = raw[0]
			for len(raw) > 2 && raw[1] == "." {
				name += "." + raw[2]
				raw = raw[2:]
			}
			if w == "SCHEMA" {
				w = "DATABASE"
			}
			if w == "USER" { // 'name'@'host'
				name = strings.Join(raw[:min(len(raw), 2)], "")
			}
			return w, name
		}
	}
	return "", ""
}

var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// probe reads what SHOW CREATE says of the objects that a statement names.
func (s mysql) probe(ctx context.Context, q querier, st *pooled.Statement, text string) (string, error) {
	if newTable(st, text) != "" {
		return "", nil
	}
	var asks []string
	if kind, name := mysqlObject(text); kind != "" {
		asks = []string{"SHOW CREATE " + kind + " " + name}
	} else {
		for _, table := range st.Tables[:min(len(st.Tables), 16)] {
			asks = append(asks, "SHOW CREATE TABLE "+quoteMySQL(table))
		}
	}
	var states []string
	for _, ask := range asks {
		state, err := showCreate(ctx, q, ask)
		if s.absent(err) || errorNumber(err) == 1049 { // unknown database
			state, err = "absent", nil
		}
		if err != nil {
			return "", err
		}
		// What programs insert meanwhile changes nothing of the schema.
		if !strings.Contains(strings.ToUpper(text), "AUTO_INCREMENT") {
			state = autoIncrement.ReplaceAllString(state, "")
		}
		states = append(states, state)
	}
	return hash(states...), nil
}

// newTable returns the name of the table of a plain CREATE TABLE, which fails
// where the table is there: it needs no look before it runs.
func newTable(st *pooled.Statement, text string) string {
	words := heads(pooled.MySQL, text)
	if len(words) > 2 && words[0] == "CREATE" && words[1] == "TABLE" && words[2] != "IF" && len(st.Tables) > 0 {
		return st.Tables[0]
	}
	return ""
}

// fileTimeLag is by how much the time of a new file may be behind the clock: the
// kernel takes that of its last tick, of which there are a hundred a second at
// least. MariaDB's create_time is a file's.
const fileTimeLag = 20 * time.Millisecond

// ran compares what the statement changes with how it was before. A new table
// is this statement's if it is not older than the entry.
func (s mysql) ran(ctx context.Context, q querier, st *pooled.Statement, text string, e *Entry) (bool, error) {
	table := newTable(st, text)
	if table == "" {
		now, err := s.probe(ctx, q, st, text)
		return now != e.probe, err
	}
	b := &binder{s: s}
	schema, name, ok := strings.Cut(strings.ReplaceAll(table, "`", ""), ".")
	where := "table_schema = " + b.v(schema) + " AND table_name = " + b.v(name)
	if !ok {
		where = "table_schema = DATABASE() AND table_name = " + b.v(schema)
	}
	return one[bool](ctx, q, "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE "+where+
		fmt.Sprintf(" AND UNIX_TIMESTAMP(create_time) >= %d)", e.Started.Add(-fileTimeLag).Unix()))
}

// quoteMySQL quotes a name that may be qualified and quoted already.
func quoteMySQL(name string) string {
	if strings.Contains(name, "`") {
		return name
	}
	return "`" + strings.ReplaceAll(name, ".", "`.`") + "`"
}

// showCreate reads all columns of the one row, of which there are many kinds.
func showCreate(ctx context.Context, q querier, query string) (string, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var b strings.Builder
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		for _, v := range values {
			fmt.Fprintf(&b, "%d:%s", len(v.String), v.String)
		}
	}
	return b.String(), rows.Err()
}

// clean has nothing to do: a DDL statement of MySQL is whole or not at all.
func (mysql) clean(context.Context, querier, string) error { return nil }
