package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// Fault reads an error by its number or its type; by its text only where a number
// has two meanings.
func (Dialect) Fault(err error) pooled.Fault {
	if err == nil {
		return pooled.FaultNone
	}
	var many *hostsError
	if errors.As(err, &many) {
		return many.fault()
	}
	var me *mysql.MySQLError
	if errors.As(err, &me) {
		return serverFault(me)
	}
	for _, c := range clientErrors {
		if errors.Is(err, c.err) {
			return c.fault
		}
	}
	return networkFault(err)
}

// serverFault reads what a server answered. Two numbers mean two things each, and
// what tells them apart are names in the text that no translation changes.
func serverFault(me *mysql.MySQLError) pooled.Fault {
	switch me.Number {
	case 1290: // names the option in the way: --secure-file-priv, --skip-grant-tables, ...
		if strings.Contains(me.Message, "--") && !strings.Contains(strings.ReplaceAll(me.Message, "_", "-"), "read-only") {
			return pooled.FaultProgram
		}
	case 4031: // MariaDB ER_REFERENCED_TRG_DOES_NOT_EXIST: CREATE TRIGGER with FOLLOWS or PRECEDES
		if !strings.Contains(me.Message, "wait_timeout") {
			return pooled.FaultProgram
		}
	}
	if f, ok := numbers[me.Number]; ok {
		return f
	}
	return pooled.FaultProgram
}

// fault says that trying again changes nothing only if it does so with none of
// the hosts.
func (e *hostsError) fault() pooled.Fault {
	for _, err := range e.errs {
		if (Dialect{}).Fault(err) != pooled.FaultConfig {
			return pooled.FaultServerDown
		}
	}
	return pooled.FaultConfig
}

// clientErrors are go-sql-driver's own. ErrPktTooLarge and ErrBusyBuffer are
// not here: they are the program's.
var clientErrors = []struct {
	err   error
	fault pooled.Fault
}{
	{driver.ErrBadConn, pooled.FaultLinkLost},
	{mysql.ErrInvalidConn, pooled.FaultLinkLost},
	{mysql.ErrMalformPkt, pooled.FaultLinkLost}, // the two sides no longer agree where an answer begins
	{mysql.ErrPktSync, pooled.FaultLinkLost},    // likewise
	{mysql.ErrPktSyncMul, pooled.FaultLinkLost}, // likewise
	{mysql.ErrNoTLS, pooled.FaultConfig},
	{mysql.ErrCleartextPassword, pooled.FaultConfig},
	{mysql.ErrNativePassword, pooled.FaultConfig},
	{mysql.ErrOldPassword, pooled.FaultConfig},
	{mysql.ErrUnknownPlugin, pooled.FaultConfig},
	{mysql.ErrOldProtocol, pooled.FaultConfig},
}

// networkFault reads the errors of package net and below. go-sql-driver shows
// them only while it connects; on a link that is up it says ErrInvalidConn.
func networkFault(err error) pooled.Fault {
	var (
		dns     *net.DNSError
		addr    *net.AddrError
		network net.UnknownNetworkError
		op      *net.OpError
		errno   syscall.Errno
	)
	switch {
	case errors.Is(err, context.Canceled):
		return pooled.FaultCancelled
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return pooled.FaultConfig // the name does not exist
		}
		return pooled.FaultServerDown // the resolver is away or slow
	case errors.As(err, &addr), errors.As(err, &network), isTLSFault(err):
		return pooled.FaultConfig
	case errors.As(err, &op) && op.Op == "dial":
		if errors.As(err, &errno) && errno == syscall.EACCES {
			return pooled.FaultConfig // the socket may not be opened
		}
		// Refused, unreachable, no socket file, or no answer in time. The
		// last satisfies errors.Is(err, context.DeadlineExceeded) too,
		// whoever set the time.
		return pooled.FaultServerDown
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"):
		return pooled.FaultConfig // a TLS alert: versions, ciphers or a missing client certificate
	case errors.Is(err, context.DeadlineExceeded):
		return pooled.FaultCancelled
	case errors.As(err, &op), errors.As(err, &errno), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrDeadlineExceeded):
		return pooled.FaultLinkLost
	}
	return pooled.FaultProgram
}

// isTLSFault tells whether TLS failed in a way that it will fail again.
func isTLSFault(err error) bool {
	var (
		verify     *tls.CertificateVerificationError
		header     tls.RecordHeaderError
		alert      tls.AlertError
		authority  x509.UnknownAuthorityError
		hostname   x509.HostnameError
		invalid    x509.CertificateInvalidError
		roots      x509.SystemRootsError
		constraint x509.ConstraintViolationError
		extension  x509.UnhandledCriticalExtension
	)
	return errors.As(err, &verify) || errors.As(err, &header) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid) ||
		errors.As(err, &roots) || errors.As(err, &constraint) || errors.As(err, &extension)
}
