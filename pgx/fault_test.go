package pgx

import (
	"context"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
)

func TestFaultOfErrorsOnALinkThatIsUp(t *testing.T) {
	pe := func(severity, code string) error {
		return fmt.Errorf("query: %w", &pgconn.PgError{SeverityUnlocalized: severity, Code: code})
	}
	for _, c := range []struct {
		name string
		err  error
		want pooled.Fault
	}{
		{"none", nil, pooled.FaultNone},
		{"unknown", errors.New("serialization failure, connection lost, deadlock"), pooled.FaultProgram},
		{"no rows", pgx.ErrNoRows, pooled.FaultProgram},
		{"syntax error", pe("ERROR", "42601"), pooled.FaultProgram},
		{"no such database, by DROP", pe("ERROR", "3D000"), pooled.FaultProgram},
		{"privilege", pe("ERROR", "42501"), pooled.FaultProgram},
		{"protocol violation of the program", pe("ERROR", "08P01"), pooled.FaultProgram},
		{"pooler ends the session", pe("FATAL", "08P01"), pooled.FaultLinkLost},
		{"panic of the server", pe("PANIC", "XX000"), pooled.FaultLinkLost},
		{"database dropped", pe("FATAL", "57P04"), pooled.FaultConfig},
		{"shutdown", pe("FATAL", "57P01"), pooled.FaultServerDown},
		{"crash of another backend", pe("FATAL", "57P02"), pooled.FaultServerDown},
		{"idle too long", pe("FATAL", "57P05"), pooled.FaultLinkLost},
		{"serialization", pe("ERROR", "40001"), pooled.FaultSerialization},
		{"ambiguous", pe("ERROR", "40003"), pooled.FaultUnknownOutcome},
		{"not supported", pe("ERROR", "0A000"), pooled.FaultProgram},
		{"cached plan", &pgconn.PgError{Code: "0A000", Routine: "RevalidateCachedQuery"}, pooled.FaultStaleStatement},
		{"bad connection", driver.ErrBadConn, pooled.FaultLinkLost},
		{"closed", fmt.Errorf("x: %w", pgconn.ErrConnClosed), pooled.FaultLinkLost},
		{"cancelled", fmt.Errorf("timeout: %w", context.Canceled), pooled.FaultCancelled},
		{"deadline", context.DeadlineExceeded, pooled.FaultCancelled},
		{"end", io.ErrUnexpectedEOF, pooled.FaultLinkLost},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, pooled.FaultLinkLost},
		{"pipe", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, pooled.FaultLinkLost},
		{"socket deadline", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, pooled.FaultLinkLost},
	} {
		if got := (Dialect{}).Fault(c.err); got != c.want {
			t.Errorf("%s: fault %d, want %d (%v)", c.name, got, c.want, c.err)
		}
	}
}

// Faults of connecting are made by pgx itself, over dial functions that fail.
func TestFaultOfErrorsFromConnecting(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	late := &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
	for _, c := range []struct {
		name  string
		dials []error // one for each host
		want  pooled.Fault
	}{
		{"refused", []error{refused}, pooled.FaultServerDown},
		{"refused and late", []error{refused, late}, pooled.FaultServerDown},
		{"no such host", []error{&net.DNSError{IsNotFound: true}}, pooled.FaultConfig},
		{"resolver away", []error{&net.DNSError{IsTimeout: true}}, pooled.FaultServerDown},
		{"no such host, then refused", []error{&net.DNSError{IsNotFound: true}, refused}, pooled.FaultServerDown},
		{"refused, then no such host", []error{refused, &net.DNSError{IsNotFound: true}}, pooled.FaultServerDown},
		{"certificate", []error{x509.UnknownAuthorityError{}}, pooled.FaultConfig},
		{"certificate of one of two", []error{x509.HostnameError{Certificate: &x509.Certificate{}}, refused}, pooled.FaultServerDown},
		{"TLS alert", []error{&net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}}, pooled.FaultConfig},
		{"given up", []error{context.Canceled}, pooled.FaultCancelled},
		{"permission", []error{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)}}, pooled.FaultConfig},
		{"unknown", []error{errors.New("tunnel")}, pooled.FaultServerDown},
		{"unknown, then no such database", []error{errors.New("server refused TLS"), &pgconn.PgError{Code: "3D000"}}, pooled.FaultConfig},
		{"too many connections", []error{&pgconn.PgError{Code: "53300"}}, pooled.FaultTooManyConns},
		{"too many here, away there", []error{&pgconn.PgError{Code: "53300"}, refused}, pooled.FaultTooManyConns},
		{"starting", []error{&pgconn.PgError{Code: "57P03"}}, pooled.FaultServerDown},
		{"pooler cannot reach its server", []error{&pgconn.PgError{Code: "08P01"}}, pooled.FaultServerDown},
		{"no access by pg_hba.conf", []error{&pgconn.PgError{Code: "28000"}}, pooled.FaultConfig},
		{"not the kind of server", []error{pgconn.ErrReadOnlyConnection}, pooled.FaultServerDown},
	} {
		dsn := "host=h0"
		for i := range c.dials[1:] {
			dsn += fmt.Sprintf(",h%d", i+1)
		}
		cfg, err := pgx.ParseConfig(dsn + " port=5432 user=u sslmode=disable")
		if err != nil {
			t.Fatal(err)
		}
		cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
		n := 0
		cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) {
			n++
			return nil, c.dials[n-1]
		}
		_, err = pgx.ConnectConfig(t.Context(), cfg)
		if got := (Dialect{}).Fault(err); got != c.want {
			t.Errorf("%s: fault %d, want %d (%v)", c.name, got, c.want, err)
		}
	}
}

func TestFaultOfALateServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	c, _ := baseDriver{}.OpenConnector("postgres://u@" + l.Addr().String() + "/d?sslmode=disable")
	_, err = c.Connect(ctx)
	if got := (Dialect{}).Fault(err); got != pooled.FaultServerDown {
		t.Errorf("fault %d, want %d (%v)", got, pooled.FaultServerDown, err)
	}
}

func TestFaultOfABadDSN(t *testing.T) {
	c, err := baseDriver{}.OpenConnector("postgres://localhost:notaport/d")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Connect(t.Context())
	if got := (Dialect{}).Fault(err); got != pooled.FaultConfig {
		t.Errorf("fault %d, want %d (%v)", got, pooled.FaultConfig, err)
	}
}

func TestErrorCodeIsTheSQLSTATE(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("23505"), ""},
		{&pgconn.PgError{Code: "23505"}, "23505"},
		{fmt.Errorf("insert: %w", &pgconn.PgError{Code: "40001"}), "40001"},
	} {
		if got := (Dialect{}).ErrorCode(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}
