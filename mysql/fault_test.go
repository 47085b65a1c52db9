package mysql

import (
	"context"
	"crypto/tls"
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

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

func TestFault(t *testing.T) {
	me := func(n uint16) error { return fmt.Errorf("query: %w", &mysql.MySQLError{Number: n}) }
	text := func(n uint16, s string) error { return &mysql.MySQLError{Number: n, Message: s} }
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		name string
		err  error
		want pooled.Fault
	}{
		{"none", nil, pooled.FaultNone},
		{"unknown", errors.New("deadlock, connection lost"), pooled.FaultProgram},
		{"syntax error", me(1064), pooled.FaultProgram},
		{"duplicate key", me(1062), pooled.FaultProgram},
		{"unknown number", me(65000), pooled.FaultProgram},
		{"shutdown", me(1053), pooled.FaultServerDown},
		{"Galera not ready", me(1047), pooled.FaultServerDown},
		{"deadlock", me(1213), pooled.FaultDeadlock},
		{"lock wait timeout", me(1205), pooled.FaultLockTimeout},
		{"TiDB write conflict", me(9007), pooled.FaultSerialization},
		{"read-only", me(1290), pooled.FaultReadOnly},
		{"read-only by option", text(1290, "The MySQL server is running with the --super-read-only option so it cannot execute this statement"), pooled.FaultReadOnly},
		{"another option in the way", text(1290, "The MariaDB server is running with the --secure-file-priv option so it cannot execute this statement"), pooled.FaultProgram},
		{"idle for too long", text(4031, "The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout for configuring this behavior."), pooled.FaultLinkLost},
		{"MariaDB's trigger", text(4031, "Referenced trigger 'a' for the given action time and event type does not exist"), pooled.FaultProgram},
		{"reprepare", me(1615), pooled.FaultStaleStatement},
		{"too many statements", me(1461), pooled.FaultTooManyStatements},
		{"access denied", me(1045), pooled.FaultConfig},
		{"bad connection", driver.ErrBadConn, pooled.FaultLinkLost},
		{"invalid connection", mysql.ErrInvalidConn, pooled.FaultLinkLost},
		{"out of step", mysql.ErrPktSync, pooled.FaultLinkLost},
		{"packet too large", mysql.ErrPktTooLarge, pooled.FaultProgram},
		{"no TLS", mysql.ErrNoTLS, pooled.FaultConfig},
		{"cancelled", context.Canceled, pooled.FaultCancelled},
		{"deadline", context.DeadlineExceeded, pooled.FaultCancelled},
		{"refused", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), pooled.FaultServerDown},
		{"permission", dial(os.NewSyscallError("connect", syscall.EACCES)), pooled.FaultConfig},
		{"no such host", dial(&net.DNSError{IsNotFound: true}), pooled.FaultConfig},
		{"resolver away", dial(&net.DNSError{IsTemporary: true}), pooled.FaultServerDown},
		{"network unknown", dial(net.UnknownNetworkError("x")), pooled.FaultConfig},
		{"certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, pooled.FaultConfig},
		{"TLS alert", &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, pooled.FaultConfig},
		{"end", io.ErrUnexpectedEOF, pooled.FaultLinkLost},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, pooled.FaultLinkLost},
	} {
		if got := (Dialect{}).Fault(c.err); got != c.want {
			t.Errorf("%s: fault %d, want %d (%v)", c.name, got, c.want, c.err)
		}
	}
}

// The error of a dial that ran out of time satisfies
// errors.Is(err, context.DeadlineExceeded), and yet the server is at fault.
func TestFaultOfADialOutOfTime(t *testing.T) {
	d := net.Dialer{Deadline: time.Now().Add(-time.Second)}
	_, err := d.Dial("tcp", "127.0.0.1:1")
	if got := (Dialect{}).Fault(err); got != pooled.FaultServerDown {
		t.Errorf("fault %d, want %d (%v)", got, pooled.FaultServerDown, err)
	}
}

func TestErrorCodeIsTheNumber(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("1062"), ""},
		{&mysql.MySQLError{Number: 1062}, "1062"},
		{fmt.Errorf("insert: %w", &mysql.MySQLError{Number: 1213}), "1213"},
	} {
		if got := (Dialect{}).ErrorCode(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}
