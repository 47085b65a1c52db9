package pgx

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
)

func TestAnUnreadableConnectionStringIsNotShown(t *testing.T) {
	plainEnv(t)
	const secret = "hunter2"
	for dsn, want := range map[string]string{
		"host=h password = " + secret + " port=bad":                "invalid port",
		`host=h password=a\ ` + secret + ` port=bad`:               "invalid port",
		"host=h PASSWORD=" + secret + " port=bad":                  "invalid port",
		"host=h password=a " + secret + " user=x":                  "failed to parse as keyword/value (the place is not shown, it may be a part of the password)",
		"host=h password='" + secret + " user=x":                   "failed to parse as keyword/value (unterminated quoted string in connection info string)",
		"postgres://u:p@ss@" + secret + ":x/d":                     "invalid port",
		"postgres://u:p@ss%" + secret + "@h/d":                     "failed to parse as URL (the place is not shown, it may be a part of the password)",
		"postgres://u:" + secret + "@h/d?connect_timeout=soon":     `invalid connect_timeout (strconv.ParseInt: parsing "soon": invalid syntax)`,
		"postgres://u:" + secret + "@h/d?target_session_attrs=all": "unknown target_session_attrs value: all",
		"postgres://u:" + secret + "@h/d?sslrootcert=/nowhere.pem": "failed to configure TLS (unable to read CA file: open /nowhere.pem: no such file or directory)",
	} {
		db, err := pooled.Open("pooled-pgx", dsn, func(c *pooled.Config) { c.Logger = slog.New(slog.DiscardHandler) })
		if err != nil {
			t.Fatal(err)
		}
		err = db.PingContext(t.Context())
		if err == nil || !strings.HasSuffix(err.Error(), "pgx: the connection string cannot be read: "+want) {
			t.Errorf("%s:\n got %v\nwant %s", dsn, err, want)
		}
		if !errors.As(err, new(*pgconn.ParseConfigError)) || (Dialect{}).Fault(err) != pooled.FaultConfig {
			t.Errorf("%s: the error is not pgx's any more: %v", dsn, err)
		}
		p, _ := pooled.From(db)
		health := p.Health(t.Context())
		db.Close()
		_, endpoint := Dialect{}.Endpoint(dsn)
		_, opened := Driver().Open(dsn)
		for _, text := range []string{err.Error(), health.Message, endpoint.Error(), opened.Error()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %s", dsn, text)
			}
		}
	}
}
