package pooled_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
)

// A password that changes is asked for whenever a connection is made: here a
// token of AWS RDS IAM, which is good for 15 minutes. signToken stands for
// auth.BuildAuthToken of github.com/aws/aws-sdk-go-v2/feature/rds/auth.
func ExampleConfig_password() {
	db, err := pooled.Open("pooled-pgx", "postgres://app@orders.example.eu-west-1.rds.amazonaws.com/orders?sslmode=verify-full",
		func(c *pooled.Config) {
			c.Password = func(ctx context.Context, server pooled.Endpoint) (string, error) {
				if server.TLS != pooled.TLSVerified {
					return "", errors.New("a token is not sent to just anybody")
				}
				return signToken(ctx, fmt.Sprintf("%s:%d", server.Host, server.Port), server.User)
			}
		})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
}

func signToken(context.Context, string, string) (string, error) { return "", nil }
