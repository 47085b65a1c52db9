package pgx

import (
	"database/sql/driver"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

var _ pooled.OutcomeDialect = Dialect{}

// pg_xact_status knows what became of a transaction, but a transaction id
// alone is not enough to ask by. A server that crashes forgets the ids whose
// records had not reached the disk and gives them out again, and so does a
// standby that is promoted; the status asked for afterwards may be that of
// somebody else's transaction. So the id is kept together with the incarnation
// of the server that gave it: the last reset of its statistics, which a
// recovery resets and a restart in good order does not, and the timeline.
//
// In the same incarnation the status is the answer. In another one
//   - "aborted" is true whosever it is: if the id was given out again, ours was
//     forgotten and with it the transaction;
//   - an id that the server has not given out yet was forgotten too;
//   - the checkpoint that ends a recovery (it is the one whose redo record is
//     itself) tells up to which id the server remembers: a status below it is
//     ours, an id above it was forgotten;
//   - all else stays unknown.
//
// The server does not tell how many recoveries lie between. A verdict of
// "committed" would be somebody else's if the server crashed, gave the id out
// again, committed under it, and crashed once more, all before RunTx came to
// ask, which it does from the moment that the server is back.
//
// A transaction that has written nothing gets NULL before anything is called
// that fails on a standby.
const (
	incarnation = `coalesce(extract(epoch FROM stats_reset)::text, '-') || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8)`

	transactionID = `SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NOT NULL THEN
	pg_current_xact_id_if_assigned()::text || ' ' || ` + incarnation + ` END FROM pg_stat_bgwriter`

	outcome = `WITH ours AS (
	SELECT split_part($1::text, ' ', 1)::xid8 AS id, substr($1::text, strpos($1::text, ' ') + 1) AS incarnation
), server AS (
	SELECT ` + incarnation + ` AS incarnation, stats_reset FROM pg_stat_bgwriter
), recovered AS (
	SELECT redo_lsn = checkpoint_lsn AND stats_reset >= pg_postmaster_start_time()
		AND checkpoint_time >= date_trunc('second', stats_reset) AS told,
		(split_part(next_xid, ':', 1)::numeric * 4294967296 + split_part(next_xid, ':', 2)::numeric)::text::xid8 AS next
	FROM pg_control_checkpoint(), server
)
SELECT CASE
	WHEN ours.incarnation = server.incarnation THEN pg_xact_status(ours.id)
	WHEN ours.id >= pg_snapshot_xmax(pg_current_snapshot()) THEN 'aborted'
	WHEN pg_xact_status(ours.id) = 'aborted' THEN 'aborted'
	WHEN right(ours.incarnation, 8) <> right(server.incarnation, 8) OR recovered.told IS NOT TRUE THEN NULL
	WHEN ours.id >= recovered.next THEN 'aborted'
	ELSE pg_xact_status(ours.id)
END FROM ours, server, recovered`
)

// TransactionID asks PostgreSQL 13 and later. CockroachDB, and others that say
// they are PostgreSQL, have no such functions, and asking for one would abort
// the transaction.
func (Dialect) TransactionID(conn driver.Conn) string {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return ""
	}
	p := c.Conn().PgConn()
	version := p.ParameterStatus("server_version") // "15.3 (Debian ...)", "16beta1"
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(version)
	}
	major, err := strconv.Atoi(version[:digits])
	if err != nil || major < 13 || p.ParameterStatus("crdb_version") != "" || p.TxStatus() != 'T' {
		return ""
	}
	return transactionID
}

// Outcome returns the query that takes what TransactionID's gave.
func (Dialect) Outcome() string { return outcome }
