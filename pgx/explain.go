package pgx

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/pooledsql/pooled"
)

var _ pooled.ExplainDialect = Dialect{}

// planNode is what is read of a node of EXPLAIN (FORMAT JSON). Its conditions,
// which hold literals, are left where they are.
type planNode struct {
	Type   string     `json:"Node Type"`
	Schema string     `json:"Schema"`
	Table  string     `json:"Relation Name"`
	Index  string     `json:"Index Name"`
	Rows   float64    `json:"Plan Rows"`
	Plans  []planNode `json:"Plans"`
}

// Explain asks for the plan, and for the size of tables that are read from end
// to end: the plan tells only how many rows are found in them.
func (Dialect) Explain(ctx context.Context, db *sql.DB, query string, args []any) (scans []pooled.Scan, err error) {
	var text []byte
	if err := db.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) "+query, args...).Scan(&text); err != nil {
		return nil, err
	}
	var plans []struct{ Plan planNode }
	if err := json.Unmarshal(text, &plans); err != nil {
		return nil, fmt.Errorf("pooled/pgx: the plan is not as expected: %w", err)
	}
	var walk func(n planNode) error
	walk = func(n planNode) error {
		if n.Table != "" {
			s := pooled.Scan{Table: n.Table, Index: n.Index, Rows: int64(n.Rows), Found: int64(n.Rows)}
			switch n.Type {
			case "Seq Scan":
				const size = "SELECT coalesce(max(reltuples), -1)::int8 FROM pg_class WHERE oid = to_regclass(format('%I.%I', $1::text, $2::text))"
				if err := db.QueryRowContext(ctx, size, n.Schema, n.Table).Scan(&s.Rows); err != nil {
					return err
				}
			case "Bitmap Heap Scan":
				s.Index = bitmapIndex(n)
			}
			scans = append(scans, s)
		}
		for _, below := range n.Plans {
			if err := walk(below); err != nil {
				return err
			}
		}
		return nil
	}
	for _, p := range plans {
		if err := walk(p.Plan); err != nil {
			return nil, err
		}
	}
	return scans, nil
}

// bitmapIndex returns the first index of those that a bitmap is made from.
func bitmapIndex(n planNode) string {
	for _, below := range n.Plans {
		if below.Index != "" {
			return below.Index
		}
		if index := bitmapIndex(below); index != "" {
			return index
		}
	}
	return ""
}
