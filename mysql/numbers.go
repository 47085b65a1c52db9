package mysql

import "github.com/pooledsql/pooled"

// numbers says what an error number means. What is not here is the program's
// affair. The names are those of the server's errmsg file; where MySQL and
// MariaDB give one number two meanings, that is said, or serverFault looks closer.
var numbers = map[uint16]pooled.Fault{
	// No room for another connection.
	1040: pooled.FaultTooManyConns, // ER_CON_COUNT_ERROR: max_connections
	1135: pooled.FaultTooManyConns, // ER_CANT_CREATE_THREAD: the system has no thread for it
	1203: pooled.FaultTooManyConns, // ER_TOO_MANY_USER_CONNECTIONS: max_user_connections; Vitess: a pool of its own is full
	1226: pooled.FaultTooManyConns, // ER_USER_LIMIT_REACHED: an account's limit

	// The server stops, starts or will not serve for now. 1053, 1927 and
	// 3169 are also what a single killed session hears, and none of them
	// says whether the statement took effect.
	1053: pooled.FaultServerDown, // ER_SERVER_SHUTDOWN
	1077: pooled.FaultServerDown, // ER_NORMAL_SHUTDOWN
	1079: pooled.FaultServerDown, // ER_SHUTDOWN_COMPLETE
	1927: pooled.FaultServerDown, // MariaDB ER_CONNECTION_KILLED: KILL, or shutdown
	3032: pooled.FaultServerDown, // MySQL ER_SERVER_OFFLINE_MODE: offline_mode lets only administrators in
	3168: pooled.FaultServerDown, // MySQL ER_SERVER_ISNT_AVAILABLE
	3169: pooled.FaultServerDown, // MySQL ER_SESSION_WAS_KILLED: KILL, or shutdown
	1047: pooled.FaultServerDown, // Galera: WSREP has not yet prepared node for application use (number of ER_UNKNOWN_COM_ERROR)
	2002: pooled.FaultServerDown, // CR_CONNECTION_ERROR, sent by proxies about the server behind them
	2003: pooled.FaultServerDown, // CR_CONN_HOST_ERROR, likewise
	9001: pooled.FaultServerDown, // TiDB: PD server timeout; ProxySQL: no server in the hostgroup in time
	9002: pooled.FaultServerDown, // TiDB: TiKV server timeout
	9003: pooled.FaultServerDown, // TiDB: TiKV server is busy
	9005: pooled.FaultServerDown, // TiDB: region is unavailable
	8027: pooled.FaultServerDown, // TiDB ErrInfoSchemaExpired: this TiDB server lost touch with the cluster

	// The connection is gone; what became of the statement is not said.
	1152: pooled.FaultLinkLost, // ER_ABORTING_CONNECTION
	1154: pooled.FaultLinkLost, // ER_NET_READ_ERROR_FROM_PIPE
	1155: pooled.FaultLinkLost, // ER_NET_FCNTL_ERROR
	1156: pooled.FaultLinkLost, // ER_NET_PACKETS_OUT_OF_ORDER
	1157: pooled.FaultLinkLost, // ER_NET_UNCOMPRESS_ERROR
	1158: pooled.FaultLinkLost, // ER_NET_READ_ERROR
	1159: pooled.FaultLinkLost, // ER_NET_READ_INTERRUPTED: the server's net_read_timeout
	1160: pooled.FaultLinkLost, // ER_NET_ERROR_ON_WRITE
	1161: pooled.FaultLinkLost, // ER_NET_WRITE_INTERRUPTED: the server's net_write_timeout
	1184: pooled.FaultLinkLost, // ER_NEW_ABORTING_CONNECTION
	2006: pooled.FaultLinkLost, // CR_SERVER_GONE_ERROR, sent by ProxySQL and Vitess about the server behind them
	2013: pooled.FaultLinkLost, // CR_SERVER_LOST, likewise
	2055: pooled.FaultLinkLost, // CR_SERVER_LOST_EXTENDED, likewise
	4031: pooled.FaultLinkLost, // MySQL ER_CLIENT_INTERACTION_TIMEOUT: wait_timeout ended the session before the statement; see serverFault

	// Who may connect, and where. A few (1044, 1049) are also answers to USE
	// and the like on a link that is up; trying again is pointless either way.
	1044: pooled.FaultConfig, // ER_DBACCESS_DENIED_ERROR
	1045: pooled.FaultConfig, // ER_ACCESS_DENIED_ERROR
	1049: pooled.FaultConfig, // ER_BAD_DB_ERROR: unknown database
	1129: pooled.FaultConfig, // ER_HOST_IS_BLOCKED: until FLUSH HOSTS
	1130: pooled.FaultConfig, // ER_HOST_NOT_PRIVILEGED
	1251: pooled.FaultConfig, // ER_NOT_SUPPORTED_AUTH_MODE
	1524: pooled.FaultConfig, // ER_PLUGIN_IS_NOT_LOADED: the account's authentication plugin
	1698: pooled.FaultConfig, // ER_ACCESS_DENIED_NO_PASSWORD_ERROR: an account bound to the Unix user
	1820: pooled.FaultConfig, // ER_MUST_CHANGE_PASSWORD
	1862: pooled.FaultConfig, // ER_MUST_CHANGE_PASSWORD_LOGIN
	3118: pooled.FaultConfig, // MySQL ER_ACCOUNT_HAS_BEEN_LOCKED
	3159: pooled.FaultConfig, // MySQL ER_SECURE_TRANSPORT_REQUIRED
	3955: pooled.FaultConfig, // MySQL ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
	4151: pooled.FaultConfig, // MariaDB ER_ACCOUNT_HAS_BEEN_LOCKED

	// The transaction was rolled back; run it again.
	1020: pooled.FaultSerialization, // ER_CHECKREAD: record has changed since last read (MariaDB innodb_snapshot_isolation)
	3101: pooled.FaultSerialization, // MySQL ER_TRANSACTION_ROLLBACK_DURING_COMMIT: group replication's certification
	8002: pooled.FaultSerialization, // TiDB ErrForUpdateCantRetry
	8005: pooled.FaultSerialization, // TiDB ErrWriteConflictInTiDB
	8022: pooled.FaultSerialization, // TiDB ErrTxnRetryable: the commit failed and was rolled back
	8028: pooled.FaultSerialization, // TiDB ErrInfoSchemaChanged: DDL came in between
	9007: pooled.FaultSerialization, // TiDB ErrWriteConflict
	1213: pooled.FaultDeadlock,      // ER_LOCK_DEADLOCK; Galera: certification failed
	1614: pooled.FaultDeadlock,      // ER_XA_RBDEADLOCK

	// A lock was not to be had; the statement was rolled back and, unless
	// innodb_rollback_on_timeout is on, nothing else.
	1205: pooled.FaultLockTimeout, // ER_LOCK_WAIT_TIMEOUT; MariaDB also for NOWAIT
	3058: pooled.FaultLockTimeout, // ER_USER_LOCK_DEADLOCK: GET_LOCK
	3572: pooled.FaultLockTimeout, // MySQL ER_LOCK_NOWAIT
	9004: pooled.FaultLockTimeout, // TiDB: resolve lock timeout

	// The server takes no writes. 1792 is also the answer in a transaction that
	// the program itself made read-only.
	1290: pooled.FaultReadOnly, // ER_OPTION_PREVENTS_STATEMENT: --read-only, --super-read-only; see serverFault
	1792: pooled.FaultReadOnly, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: Aurora's readers
	1836: pooled.FaultReadOnly, // ER_READ_ONLY_MODE

	// Cancelled, by us or by somebody.
	1317: pooled.FaultCancelled, // ER_QUERY_INTERRUPTED: KILL QUERY; Vitess: timeouts and closed transactions too
	1969: pooled.FaultCancelled, // MariaDB ER_STATEMENT_TIMEOUT: max_statement_time
	3024: pooled.FaultCancelled, // MySQL ER_QUERY_TIMEOUT: max_execution_time

	// Prepared statements.
	1243: pooled.FaultStaleStatement,    // ER_UNKNOWN_STMT_HANDLER: another server behind a proxy
	1615: pooled.FaultStaleStatement,    // ER_NEED_REPREPARE: the server could not prepare it again by itself
	1461: pooled.FaultTooManyStatements, // ER_MAX_PREPARED_STMT_COUNT_REACHED
}
