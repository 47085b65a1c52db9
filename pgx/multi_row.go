package pgx

import "github.com/pooledsql/pooled"

var _ pooled.MultiRowDialect = Dialect{}

// MultiRow asks for an ordinary table on which nothing looks at other rows
// while one is inserted: no trigger of the program's own, no rule, no row-level
// security, no function of the program's own in a default or a CHECK (a STABLE
// one would not see the rows before), and no foreign key into the table itself,
// which would be checked when all rows are there and not after each. It fails
// for no name: in a transaction that would be the end of it.
func (Dialect) MultiRow(schema, table string) (query string, args []any) {
	const ordinary = "SELECT 4194304, count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" +
		" WHERE c.relname = $1 AND c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relrowsecurity" +
		" AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)" +
		" AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_depend d ON d.objid = a.oid AND d.classid = 'pg_catalog.pg_attrdef'::regclass" +
		" WHERE a.adrelid = c.oid AND d.refclassid = 'pg_catalog.pg_proc'::regclass)" +
		" AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_depend d ON d.objid = k.oid AND d.classid = 'pg_catalog.pg_constraint'::regclass" +
		" WHERE k.conrelid = c.oid AND (k.contype = 'f' AND k.confrelid = c.oid OR d.refclassid = 'pg_catalog.pg_proc'::regclass))"
	if schema == "" {
		return ordinary + " AND pg_catalog.pg_table_is_visible(c.oid)", []any{table}
	}
	return ordinary + " AND n.nspname = $2", []any{table, schema}
}
