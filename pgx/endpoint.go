package pgx

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/local"
)

// Endpoint parses the DSN as pgx does, environment and service files included.
// Of several hosts it returns the first on another machine, and TLS is the
// weakest that any of them is content with: sslmode=prefer and allow accept
// plain text in the end, require and verify-ca do not ask whose certificate
// it is.
func (Dialect) Endpoint(dsn string) (pooled.Endpoint, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return pooled.Endpoint{}, unreadable(err) // a mistake, or a name from RegisterConnConfig
	}
	hosts := append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}}, cfg.Fallbacks...)
	end := pooled.Endpoint{
		Host:     cfg.Host,
		Port:     int(cfg.Port),
		Database: cfg.Database,
		User:     cfg.User,
	}
	if end.Database == "" {
		end.Database = cfg.User // as the server takes it
	}
	found := false
	for _, h := range hosts {
		if local.Hosts(h.Host) {
			continue
		}
		state := tlsState(h.TLSConfig)
		if !found {
			end.Host, end.Port, end.TLS, found = h.Host, int(h.Port), state, true
		}
		end.TLS = min(end.TLS, state)
	}
	if !found {
		end.TLS = tlsState(hosts[0].TLSConfig)
		for _, h := range hosts[1:] {
			end.TLS = min(end.TLS, tlsState(h.TLSConfig))
		}
	}
	return end, nil
}

// tlsState relies on how pgx builds its TLS configurations: only verify-full
// leaves verification to crypto/tls. verify-ca checks the chain in a callback
// of its own and never the name.
func tlsState(c *tls.Config) pooled.TLSState {
	switch {
	case c == nil:
		return pooled.TLSOff
	case c.InsecureSkipVerify:
		return pooled.TLSUnverified
	}
	return pooled.TLSVerified
}

// DSN builds a URL. What is not given is left out, so that pgx's defaults and
// the PG* environment apply. A root certificate without a word about TLS asks
// for verify-full: with pgx's default, prefer, nobody would look at it.
func (Dialect) DSN(p pooled.Params) (string, error) {
	var b strings.Builder
	b.WriteString("postgres://")
	if p.User != "" || p.Password != "" {
		b.WriteString(escape(p.User))
		if p.Password != "" {
			b.WriteString(":" + escape(p.Password))
		}
		b.WriteByte('@')
	}
	query := make([]string, 0, 6)
	add := func(name, value string) {
		if value != "" {
			query = append(query, name+"="+escape(value))
		}
	}
	if p.Port < 0 || p.Port > 65535 {
		return "", fmt.Errorf("pgx: port %d is not between 1 and 65535", p.Port)
	}
	host, port := p.Host, ""
	if p.Port != 0 {
		port = strconv.Itoa(p.Port)
	}
	if network, _ := pgconn.NetworkAddress(host, 0); host == "" || network == "unix" {
		// A directory cannot stand where a URL has its host.
		add("host", host)
		add("port", port)
	} else {
		if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
			b.WriteString("[" + host + "]")
		} else {
			b.WriteString(escape(host))
		}
		if port != "" {
			b.WriteString(":" + port)
		}
	}
	b.WriteString("/" + escape(p.Database))

	mode := p.TLS
	if mode == "" && p.TLSRootCert != "" {
		mode = "verify-full"
	}
	switch mode {
	case "", "disable", "require", "verify-full":
	default:
		return "", fmt.Errorf(`pgx: TLS is %q; it can be "verify-full", "require" or "disable"`, mode)
	}
	add("sslmode", mode)
	add("sslrootcert", p.TLSRootCert)
	add("sslcert", p.TLSCert)
	add("sslkey", p.TLSKey)
	if len(query) > 0 {
		b.WriteString("?" + strings.Join(query, "&"))
	}
	return b.String(), nil
}

// escape percent-encodes every byte that is not unreserved in RFC 3986. pgx
// reads URLs as libpq does, where a plus is a plus and a colon may start a
// port; so nothing is left to the rules for the single parts of a URL.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
	}
	return b.String()
}
