package pooled

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Params are the parts of a connection string given one by one. They are used
// when the DSN is empty; each can also come from the environment.
type Params struct {
	Host     string // POOLED_HOST: name, address, or path of a Unix socket (PostgreSQL: its directory)
	Port     int    // POOLED_PORT: 1 to 65535; 0: the server's usual port
	User     string // POOLED_USER
	Password string `json:"-"` // POOLED_PASSWORD; never printed
	Database string // POOLED_DATABASE
	// TLS is "verify-full", "require" (encrypted, not verified) or "disable".
	// Default: the base driver's; verify-full in the production profile for
	// another host, unless AllowUnverifiedTLS. POOLED_TLS.
	TLS string
	// TLSRootCert is a PEM file of certificate authorities to trust.
	// POOLED_TLS_ROOT_CERT.
	TLSRootCert string
	// TLSCert and TLSKey are PEM files of the client's certificate and key.
	// POOLED_TLS_CERT, POOLED_TLS_KEY.
	TLSCert, TLSKey string
}

// String lists what is set, and of the password only that it is.
func (p Params) String() string {
	var parts []string
	for i := range params {
		if !params[i].isZero(&p) {
			parts = append(parts, params[i].name+"="+params[i].value(&p))
		}
	}
	return strings.Join(parts, " ")
}

// GoString is String: %#v shows no password either.
func (p Params) GoString() string { return fmt.Sprintf("pooled.Params{%s}", p) }

// LogValue is String for package slog.
func (p Params) LogValue() slog.Value { return slog.StringValue(p.String()) }

// paramSpec describes one of the Params.
type paramSpec struct {
	name   string
	field  string                // of Params
	text   func(*Params) *string // nil for the port
	words  []string
	secret bool
	doc    string
}

var params = []paramSpec{
	{name: "host", field: "Host", text: func(p *Params) *string { return &p.Host }, doc: "Name, address, or path of a Unix socket (PostgreSQL: its directory)."},
	{name: "port", field: "Port", doc: "Default: the server's usual port."},
	{name: "user", field: "User", text: func(p *Params) *string { return &p.User }, doc: "Who logs in."},
	{name: "password", field: "Password", text: func(p *Params) *string { return &p.Password }, secret: true, doc: "Never printed."},
	{name: "database", field: "Database", text: func(p *Params) *string { return &p.Database }, doc: "The database to use."},
	{name: "tls", field: "TLS", text: func(p *Params) *string { return &p.TLS }, words: []string{"verify-full", "require", "disable"},
		doc: "Require encrypts without verifying the server. Default: the base driver's; for another host in the production profile verify-full, unless pool_allow_unverified_tls is on."},
	{name: "tls_root_cert", field: "TLSRootCert", text: func(p *Params) *string { return &p.TLSRootCert }, doc: "PEM file of certificate authorities to trust."},
	{name: "tls_cert", field: "TLSCert", text: func(p *Params) *string { return &p.TLSCert }, doc: "PEM file of the client's certificate; with tls_key."},
	{name: "tls_key", field: "TLSKey", text: func(p *Params) *string { return &p.TLSKey }, doc: "PEM file of the client's key; with tls_cert."},
}

const maxPort = 65535

// env returns the name in the environment.
func (s *paramSpec) env() string { return "POOLED_" + strings.ToUpper(s.name) }

func (s *paramSpec) isZero(p *Params) bool {
	if s.text == nil {
		return p.Port == 0
	}
	return *s.text(p) == ""
}

// raw returns the parameter as it is, to compare.
func (s *paramSpec) raw(p *Params) string {
	if s.text == nil {
		return strconv.Itoa(p.Port)
	}
	return *s.text(p)
}

// value prints the parameter, or stars if it is a secret.
func (s *paramSpec) value(p *Params) string {
	if s.secret && !s.isZero(p) {
		return "***"
	}
	return s.raw(p)
}

// allowed says in words which values are good.
func (s *paramSpec) allowed() string {
	switch {
	case s.text == nil:
		return fmt.Sprintf("1 to %d", maxPort)
	case s.words != nil:
		return orList(s.words)
	}
	return ""
}

// parse reads the text of a parameter from the environment. What is read is
// checked later, together with what options set.
func (s *paramSpec) parse(p *Params, text string) (reason string) {
	if s.text != nil {
		*s.text(p) = text
		return ""
	}
	port, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return "a whole number is wanted"
	case port == 0:
		return "0 is not a port"
	}
	p.Port = port
	return ""
}
