package pgx

import "github.com/pooledsql/pooled"

// codes says what a SQLSTATE means wherever it comes up. What is not here, nor
// in the tables below, is the program's affair. The names are PostgreSQL's
// (appendix "PostgreSQL Error Codes"); 0A000 needs a second look and has its
// own in serverFault.
var codes = map[string]pooled.Fault{
	// Class 08, connection exception. PostgreSQL's foreign data wrappers send
	// these about another server as plain errors, but poolers and proxies
	// send them about this connection.
	"08000": pooled.FaultLinkLost,       // connection_exception
	"08001": pooled.FaultServerDown,     // sqlclient_unable_to_establish_sqlconnection: a proxy cannot reach its server
	"08003": pooled.FaultLinkLost,       // connection_does_not_exist
	"08004": pooled.FaultServerDown,     // sqlserver_rejected_establishment_of_sqlconnection
	"08006": pooled.FaultLinkLost,       // connection_failure
	"08007": pooled.FaultUnknownOutcome, // transaction_resolution_unknown

	// Class 25, invalid transaction state.
	"25006": pooled.FaultReadOnly, // read_only_sql_transaction: a standby, or a transaction that the program itself made read-only
	"25P03": pooled.FaultLinkLost, // idle_in_transaction_session_timeout ended the session
	"25P04": pooled.FaultLinkLost, // transaction_timeout (17) ended the session

	// Class 26.
	"26000": pooled.FaultStaleStatement, // invalid_sql_statement_name: discarded, or another backend behind a pooler; nothing ran

	// Class 40, transaction rollback.
	"40000": pooled.FaultSerialization,  // transaction_rollback
	"40001": pooled.FaultSerialization,  // serialization_failure; conflict with recovery on a standby; every retry error of CockroachDB
	"40003": pooled.FaultUnknownOutcome, // statement_completion_unknown: CockroachDB's ambiguous result
	"40P01": pooled.FaultDeadlock,       // deadlock_detected
	"CR000": pooled.FaultSerialization,  // CockroachDB before 2.0: restart transaction

	// Class 53, insufficient resources. A full disk or memory (53100, 53200)
	// fails one statement and is nothing that a pool can wait out.
	"53300": pooled.FaultTooManyConns, // too_many_connections: max_connections, a role's or a database's limit

	// Class 55, object not in prerequisite state.
	"55P03": pooled.FaultLockTimeout, // lock_not_available: NOWAIT or lock_timeout

	// Class 57, operator intervention.
	"57014": pooled.FaultCancelled,  // query_canceled: a cancel request, pg_cancel_backend or statement_timeout
	"57P01": pooled.FaultServerDown, // admin_shutdown: the server stops, or one session was ended (pg_terminate_backend); CockroachDB drains
	"57P02": pooled.FaultServerDown, // crash_shutdown: another backend died, all are ended
	"57P03": pooled.FaultServerDown, // cannot_connect_now: starting, stopping or in recovery
	"57P05": pooled.FaultLinkLost,   // idle_session_timeout ended the session
}

// fatalCodes are verdicts on who may connect and where. As the answer to a
// statement (DROP DATABASE of one that does not exist, a missing privilege)
// the same codes are the program's; only connecting, or a session that ends
// with one, makes them a matter of configuration.
var fatalCodes = map[string]pooled.Fault{
	"0A000": pooled.FaultConfig, // feature_not_supported: protocol or encryption that the server does not have
	"22023": pooled.FaultConfig, // invalid_parameter_value: a setting in the DSN
	"28000": pooled.FaultConfig, // invalid_authorization_specification: pg_hba.conf, role without login
	"28P01": pooled.FaultConfig, // invalid_password
	"3D000": pooled.FaultConfig, // invalid_catalog_name: no such database
	"42501": pooled.FaultConfig, // insufficient_privilege: CONNECT on the database
	"42704": pooled.FaultConfig, // undefined_object: a setting in the DSN that does not exist
	"55000": pooled.FaultConfig, // object_not_in_prerequisite_state: the database accepts no connections
	"57P04": pooled.FaultConfig, // database_dropped while connected
}
