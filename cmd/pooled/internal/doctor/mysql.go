package doctor

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// mysqlServer asks MySQL, MariaDB and what speaks their protocol.
type mysqlServer struct {
	user      string
	database  string
	version   string
	session   int64
	wire      *greeted // the last that was dialled; nil: not known
	packet    int      // what the driver takes for the server's max_allowed_packet
	variables map[string]string
	grants    grants
}

// listen returns a connector that keeps the server's greeting, which
// go-sql-driver tells nobody. Of lists of hosts and of networks that a program
// registers, package mysql alone knows how to dial them: then it is base.
func (s *mysqlServer) listen(base driver.Connector, dsn string) driver.Connector {
	cfg, err := gomysql.ParseDSN(dsn)
	if err != nil {
		return base
	}
	s.packet = cfg.MaxAllowedPacket
	if _, target := cfg.Params["target_session_attrs"]; target || strings.Contains(cfg.Addr, ",") || cfg.Net != "tcp" && cfg.Net != "unix" {
		return base
	}
	cfg.DialFunc = s.dialGreeted
	c, err := gomysql.NewConnector(cfg)
	if err != nil {
		return base
	}
	return c
}

func (s *mysqlServer) identify(ctx context.Context, e *examination) bool {
	var comment string
	var readOnly bool
	if err := e.row(ctx, "SELECT VERSION(), @@version_comment, CURRENT_USER(), COALESCE(DATABASE(), ''), CONNECTION_ID(), @@global.read_only",
		&s.version, &comment, &s.user, &s.database, &s.session, &readOnly); err != nil {
		e.unknown("server", err)
		return false
	}
	name, oldest := "MySQL "+s.version, "MySQL 8.0"
	number := s.version
	if before, _, ok := strings.Cut(s.version, "-MariaDB"); ok {
		name, oldest, number = "MariaDB "+before, "MariaDB 10.5", strings.TrimPrefix(before, "5.5.5-")
	}
	database := "no database"
	if s.database != "" {
		database = "database " + s.database
	}
	e.report.Server = fit.Clean(name + " at " + place(e.end))
	values := map[string]any{"version": name, "user": s.user, "database": s.database, "comment": comment}
	if older(number, strings.Fields(oldest)[1]) {
		e.add("server", Warning, values, "use "+oldest+" or later", "%s, user %s, %s", name, s.user, database)
	} else {
		e.add("server", OK, values, "", "%s, user %s, %s", name, s.user, database)
	}
	if readOnly {
		e.add("writable", Warning, nil, "name the primary, or several hosts: tcp(db1:3306,db2:3306) finds the one that takes writes", "the server is read-only (read_only)")
	} else {
		e.add("writable", OK, nil, "", "the server takes writes")
	}
	s.variables, _ = e.pairs(ctx, `SHOW SESSION VARIABLES WHERE Variable_name IN ('max_connections', 'max_user_connections', 'wait_timeout',
 'idle_transaction_timeout', 'max_statement_time', 'max_execution_time', 'max_allowed_packet', 'max_prepared_stmt_count')`)
	s.grants = readGrants(ctx, e)
	return true
}

// older compares versions such as 10.11.6 and 8.0.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range b {
		n, m := 0, 0
		if i < len(a) {
			n, _ = strconv.Atoi(a[i])
		}
		m, _ = strconv.Atoi(b[i])
		if n != m {
			return n < m
		}
	}
	return false
}

// number reads a variable that is a whole number; ok is false where it is not
// there.
func (s *mysqlServer) number(name string) (n int, ok bool) {
	n, err := strconv.Atoi(s.variables[name])
	return n, err == nil
}

// time reads a variable in the unit.
func (s *mysqlServer) time(name string, unit time.Duration) (d time.Duration, ok bool) {
	f, err := strconv.ParseFloat(s.variables[name], 64)
	return time.Duration(f * float64(unit)), err == nil
}

func (s *mysqlServer) encryption(ctx context.Context, e *examination) {
	status, err := e.pairs(ctx, "SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_cipher', 'Ssl_version', 'Ssl_server_not_after')")
	if err != nil {
		e.unknown("tls", err)
		return
	}
	c := encryption{on: status["Ssl_cipher"] != "", version: status["Ssl_version"], cipher: status["Ssl_cipher"]}
	if at, err := time.Parse("Jan _2 15:04:05 2006 MST", status["Ssl_server_not_after"]); err == nil {
		c.expires = at
	}
	e.judgeEncryption(c)
}

func (s *mysqlServer) limits(ctx context.Context, e *examination) {
	most, ok := s.number("max_connections")
	if !ok {
		e.add("connections", Warning, nil, "the rest does not depend on it", "the server does not tell max_connections")
		return
	}
	c := capacity{max: most, open: -1, others: -1} // the one for administrators comes on top
	c.user, _ = s.number("max_user_connections")
	if status, err := e.pairs(ctx, "SHOW GLOBAL STATUS WHERE Variable_name = 'Threads_connected'"); err == nil {
		if n, err := strconv.Atoi(status["Threads_connected"]); err == nil {
			c.open = n
		}
	}
	if s.grants.has("", "PROCESS") {
		_ = e.row(ctx, "SELECT COUNT(*) FROM information_schema.processlist WHERE USER <> SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AND COMMAND <> 'Daemon'", &c.others)
	}
	c.judge(e)
	s.judgePrepared(e)
	s.judgePacket(e)
}

// judgePrepared compares the server's limit of prepared statements with what
// the pool may keep.
func (s *mysqlServer) judgePrepared(e *examination) {
	most, ok := s.number("max_prepared_stmt_count")
	if !ok || e.settled.StatementCacheSize <= 0 {
		return
	}
	want := max(1, e.Instances) * e.settled.MaxConns * e.settled.StatementCacheSize
	values := map[string]any{"max": most, "wanted": want}
	if want > most {
		e.add("prepared_statements", Warning, values, "raise max_prepared_stmt_count, or lower pool_statement_cache_size",
			"the server keeps %d prepared statements of everybody; the pool may keep %d (pool_max_conns times pool_statement_cache_size)", most, want)
		return
	}
	e.add("prepared_statements", OK, values, "", "the server keeps %d prepared statements; the pool %d at most", most, want)
}

// smallPacket is a limit that ordinary texts and documents reach.
const smallPacket = 4 << 20

func (s *mysqlServer) judgePacket(e *examination) {
	most, ok := s.number("max_allowed_packet")
	if !ok {
		return
	}
	values := map[string]any{"bytes": most}
	text := fmt.Sprintf("a statement or a row may have %s (max_allowed_packet)", size(most))
	switch {
	case most < smallPacket:
		e.add("packet", Warning, values, "raise max_allowed_packet: the server hangs up on what is larger", "%s", text)
	case s.packet > most:
		e.add("packet", OK, values, fmt.Sprintf("maxAllowedPacket=%d in the DSN makes a larger one an error before it is sent, not a lost connection", most), "%s", text)
	default:
		e.add("packet", OK, values, "", "%s", text)
	}
}

// size prints a number of bytes.
func size(n int) string {
	if n >= 1<<20 {
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', -1, 64) + " MiB"
	}
	return strconv.FormatFloat(float64(n)/(1<<10), 'f', -1, 64) + " KiB"
}

func (s *mysqlServer) timeouts(_ context.Context, e *examination) {
	if d, ok := s.time("wait_timeout", time.Second); ok {
		e.judgeIdle("wait_timeout", d)
	}
	if d, ok := s.time("idle_transaction_timeout", time.Second); ok { // MariaDB
		e.judgeForgotten("idle_transaction_timeout", d)
	}
	if d, ok := s.time("max_statement_time", time.Second); ok { // MariaDB
		e.judgeStatements("max_statement_time", "", d)
	} else if d, ok := s.time("max_execution_time", time.Millisecond); ok {
		e.judgeStatements("max_execution_time, of SELECT", "", d)
	}
}

func (s *mysqlServer) privileges(_ context.Context, e *examination) {
	if s.grants == nil {
		e.add("superuser", Warning, nil, "the rest does not depend on it", "the server does not tell what the user may do (SHOW GRANTS)")
		return
	}
	if s.grants.has("", "SUPER", "ALL PRIVILEGES") {
		e.add("superuser", Warning, nil, "create an account for the program with privileges on its database alone: this one passes every check and takes the session that is left for administrators",
			"the user %s has all privileges on everything, or SUPER", s.user)
	} else {
		e.add("superuser", OK, nil, "", "the user %s is no administrator", s.user)
	}
	e.judgeStats(s.grants.has("", "PROCESS"), "SHOW PROCESSLIST", "GRANT PROCESS ON *.* TO the user if health and the live page are to count them")
	e.judgeCreate(s.database != "", s.grants.has(s.database, "CREATE"), "database "+s.database, "name one in the DSN", "no database is chosen")
}
