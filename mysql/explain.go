package mysql

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"github.com/pooledsql/pooled"
)

var _ pooled.ExplainDialect = Dialect{}

// Explain asks for the plan as a table, of which MySQL and MariaDB have the same
// columns but for filtered.
func (Dialect) Explain(ctx context.Context, db *sql.DB, query string, args []any) (scans []pooled.Scan, err error) {
	rows, err := db.QueryContext(ctx, "EXPLAIN "+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	row := make([]sql.NullString, len(columns))
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	of := func(column string) string {
		if i := slices.Index(columns, column); i >= 0 {
			return row[i].String
		}
		return ""
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		if of("table") == "" || of("table")[0] == '<' { // none, or one that the plan makes itself
			continue
		}
		s := pooled.Scan{Table: of("table"), Index: of("key"), Rows: -1, Found: -1}
		if n, err := strconv.ParseInt(of("rows"), 10, 64); err == nil {
			s.Rows = n
			if share, err := strconv.ParseFloat(of("filtered"), 64); err == nil {
				s.Found = int64(float64(n) * share / 100)
			}
		}
		if of("type") == "ALL" {
			s.Index = ""
		}
		scans = append(scans, s)
	}
	return scans, rows.Err()
}
