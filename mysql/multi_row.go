package mysql

import "github.com/pooledsql/pooled"

var _ pooled.MultiRowDialect = Dialect{}

// MultiRow asks for strict mode and an engine with transactions. Without
// strict mode NULL for a column that takes none is an error in an INSERT of
// one row and a warning in one of several; an engine without transactions
// keeps the rows before the one that it refuses. Temporary tables and views
// are in none of these lists.
func (Dialect) MultiRow(schema, table string) (query string, args []any) {
	const limits = "SELECT @@max_allowed_packet, @@sql_mode LIKE '%STRICT\\_%' AND EXISTS (SELECT 1" +
		" FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine" +
		" WHERE t.table_schema = "
	if schema == "" {
		return limits + "DATABASE() AND t.table_name = ? AND e.transactions = 'YES')", []any{table}
	}
	return limits + "? AND t.table_name = ? AND e.transactions = 'YES')", []any{schema, table}
}
