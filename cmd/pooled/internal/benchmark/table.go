package benchmark

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	mrand "math/rand/v2"
	"strings"
	"time"
)

// scratch is a table of the benchmark's own, with as many rows as it changes.
type scratch struct {
	*target
	name string
}

const scratchRows = 1000

// newTable makes one whose name nobody has.
func (t *target) newTable(ctx context.Context) (_ *scratch, err error) {
	var id [6]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, err
	}
	s := &scratch{t, "pooled_bench_" + hex.EncodeToString(id[:])}
	err = s.with(ctx, func(ctx context.Context, db *sql.DB) error {
		if _, err := db.ExecContext(ctx, "CREATE TABLE "+s.name+" (id int PRIMARY KEY, n bigint NOT NULL)"); err != nil {
			return err
		}
		values := make([]string, scratchRows)
		for i := range values {
			values[i] = fmt.Sprintf("(%d, 0)", i)
		}
		_, err := db.ExecContext(ctx, "INSERT INTO "+s.name+" VALUES "+strings.Join(values, ", "))
		return err
	})
	if err != nil {
		_ = s.drop(ctx) // it may be there all the same
		return nil, fmt.Errorf("cannot make the table %s: %w", s.name, err)
	}
	return s, nil
}

// job changes one row, another each time.
func (s *scratch) job() job {
	return job{
		query: "UPDATE " + s.name + " SET n = n + 1 WHERE id = " + s.arg,
		args:  func() []any { return []any{mrand.IntN(scratchRows)} },
		write: true,
	}
}

// drop takes the table away, also when the run was interrupted.
func (s *scratch) drop(ctx context.Context) error {
	query := "DROP TABLE IF EXISTS " + s.name
	err := s.with(context.WithoutCancel(ctx), func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, query)
		return err
	})
	if err != nil {
		return fmt.Errorf("the table %s is still there; %s takes it away: %w", s.name, query, err)
	}
	return nil
}

func (s *scratch) with(ctx context.Context, do func(context.Context, *sql.DB) error) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	side, err := s.openBare(1)
	if err != nil {
		return err
	}
	defer side.db.Close()
	return do(ctx, side.db)
}
