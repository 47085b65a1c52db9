package doctor

// Check is something that is looked at. Its name does not change its meaning.
type Check struct {
	Name string
	Text string // what is compared with what
}

// Checks are all that a report may name, in its order.
var Checks = []Check{
	{"configuration", "the DSN and the settings can be read, and each value is allowed"},
	{"reachable", "a connection can be made, and how long that takes beside pool_connect_timeout"},
	{"server", "which server it is, as whom and where, and whether its version is old"},
	{"writable", "it takes writes: it is no standby, and not read-only"},
	{"latency", "how long a round trip takes; from 50 ms on Health warns, too"},
	{"tls", "the connection is encrypted and the server verified, by the server's own word, and where the server is"},
	{"tls_server", "what the server says of its side, where that differs: something in between ends TLS"},
	{"certificate", "when the server's certificate expires"},
	{"proxy", "what stands between: PgBouncer and its mode, another pooler, ProxySQL, MaxScale, RDS Proxy, as far as it shows"},
	{"proxy_limit", "how many clients PgBouncer takes, beside pool_max_conns times -instances"},
	{"proxy_transactions", "PgBouncer's statement mode refuses transactions"},
	{"prepared_statements", "behind a pooler that shares sessions: nothing is prepared across transactions; on MySQL: max_prepared_stmt_count beside what the pool may keep"},
	{"connections", "max_connections less what is reserved, beside pool_max_conns times -instances"},
	{"in_use", "the sessions that there are now leave room for those"},
	{"user_limit", "the limit of the user (CONNECTION LIMIT, max_user_connections) beside the same"},
	{"database_limit", "the limit of the database beside the same"},
	{"packet", "max_allowed_packet of MySQL and MariaDB"},
	{"idle_timeout", "the server's idle_session_timeout or wait_timeout beside pool_keepalive_time, pool_max_conn_idle_time and pool_max_conn_lifetime"},
	{"idle_in_transaction", "what ends a forgotten transaction, beside pool_leak_after"},
	{"statement_timeout", "the server's limit of a statement beside pool_query_timeout"},
	{"superuser", "the user is no administrator"},
	{"activity", "the user sees what the sessions of others do, which health counts"},
	{"create", "the user may create tables, as migrations do"},
	{"unfinished", "the time of -timeout was up before all was asked"},
	{"advice", "what Pool.Advise says of the configuration, where no other check has said it"},
}
