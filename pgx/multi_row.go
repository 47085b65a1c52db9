package pgx

import "github.com/pooledsql/pooled"

var _ pooled.MultiRowDialect = Dialect{}

// MultiRow asks for an ordinary table on which nothing looks at other rows
// while one is inserted: no trigger of the program's own for INSERT, no rule,
// no row-level security, no function of the program's own anywhere in what an
// INSERT evaluates (a STABLE one would not see the rows before), and no foreign
// key into the table itself, which would be checked when all rows are there and
// not after each. That of a partition may lead into it by way of the whole. It
// fails for no name.
//
// What an INSERT evaluates is found by what depends on what, from the table,
// its defaults, constraints and indexes on: types with their own defaults and
// constraints (domains, also inside arrays and composite types), operators, and
// the keys of a partitioned table. Functions in C (languages 12 and 13) are
// what types and extensions consist of. Objects below 16384 are the server's.
func (Dialect) MultiRow(schema, table string) (query string, args []any) {
	const ordinary = `
WITH RECURSIVE c AS (
	SELECT c.oid, c.relispartition FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relname = $1 AND c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relrowsecurity AND `
	const harmless = `
), part AS (
	SELECT 'pg_catalog.pg_class'::regclass::oid AS class, c.oid AS obj FROM c
	UNION SELECT 'pg_catalog.pg_attrdef'::regclass::oid, a.oid FROM c JOIN pg_catalog.pg_attrdef a ON a.adrelid = c.oid
	UNION SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid FROM c JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
	UNION SELECT 'pg_catalog.pg_class'::regclass::oid, i.indexrelid FROM c JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
), uses AS (
	SELECT class, obj FROM part
	UNION SELECT n.class, n.obj FROM uses u CROSS JOIN LATERAL (
		SELECT d.refclassid AS class, d.refobjid AS obj FROM pg_catalog.pg_depend d WHERE d.classid = u.class AND d.objid = u.obj
		UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid FROM pg_catalog.pg_constraint k
			WHERE u.class = 'pg_catalog.pg_type'::regclass::oid AND k.contypid = u.obj
		UNION ALL SELECT 'pg_catalog.pg_class'::regclass::oid, t.typrelid FROM pg_catalog.pg_type t
			WHERE u.class = 'pg_catalog.pg_type'::regclass::oid AND t.oid = u.obj AND t.typrelid <> 0
	) n
)
SELECT 4194304, count(*) FROM c
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype & 4 <> 0 AND t.tgfoid >= 16384)
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND (k.confrelid = c.oid OR c.relispartition))
	AND NOT EXISTS (SELECT 1 FROM uses u JOIN pg_catalog.pg_proc p ON p.oid = u.obj
		WHERE u.class = 'pg_catalog.pg_proc'::regclass::oid AND u.obj >= 16384 AND p.prolang NOT IN (12, 13))`
	if schema == "" {
		return ordinary + "pg_catalog.pg_table_is_visible(c.oid)" + harmless, []any{table}
	}
	return ordinary + "n.nspname = $2" + harmless, []any{table, schema}
}
