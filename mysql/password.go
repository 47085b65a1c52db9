package mysql

import (
	"context"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// askPassword has the connector ask for the password before each dial (see
// [pooled.Config].Password).
func askPassword(cfg *mysql.Config) error {
	end := endpoint(cfg)
	return cfg.Apply(mysql.BeforeConnect(func(ctx context.Context, used *mysql.Config) (err error) {
		if ask := pooled.PasswordFunc(ctx); ask != nil {
			if used.Passwd, err = ask(ctx, end); err != nil {
				return passwordError{err}
			}
		}
		return nil
	}))
}

// passwordError is for a dial that ended before it began.
type passwordError struct{ error }

// Unwrap returns what the program said.
func (e passwordError) Unwrap() error { return e.error }
