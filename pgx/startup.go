package pgx

import (
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// startupSetting returns a setting of the server's that a session begins with, be
// it a parameter of its own or among the options: -c name=value or
// --name=value. To the server the case of a name means nothing.
func startupSetting(cfg *pgx.ConnConfig, name string) (value string, ok bool) {
	for param, v := range cfg.RuntimeParams {
		if strings.EqualFold(param, name) {
			return v, true
		}
	}
	for option := range strings.FieldsSeq(cfg.RuntimeParams["options"]) {
		option = strings.TrimPrefix(strings.TrimPrefix(option, "--"), "-c")
		param, v, _ := strings.Cut(option, "=")
		if strings.EqualFold(strings.ReplaceAll(param, "-", "_"), name) {
			value, ok = v, true
		}
	}
	return value, ok
}

// WantsReadOnly tells the pool that the program itself asks for sessions, or for
// servers, that take no writes. That one is refused then is no reason to look
// for another server.
func (c connector) WantsReadOnly() bool {
	cfg, err := pgx.ParseConfig(c.dsn)
	if err != nil {
		return false
	}
	for _, standby := range []pgconn.ValidateConnectFunc{pgconn.ValidateConnectTargetSessionAttrsReadOnly,
		pgconn.ValidateConnectTargetSessionAttrsStandby, pgconn.ValidateConnectTargetSessionAttrsPreferStandby} {
		if reflect.ValueOf(cfg.ValidateConnect).Pointer() == reflect.ValueOf(standby).Pointer() {
			return true
		}
	}
	value, _ := startupSetting(cfg, "default_transaction_read_only")
	value = strings.ToLower(value)
	return value == "1" || value == "on" || value != "" && (strings.HasPrefix("true", value) || strings.HasPrefix("yes", value))
}
