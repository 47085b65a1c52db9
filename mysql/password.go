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
			used.Passwd, err = ask(ctx, end)
		}
		return err
	}))
}
