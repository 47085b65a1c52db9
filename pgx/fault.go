package pgx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
)

// Fault reads an error by its SQLSTATE, by its type, and by whether it came
// from connecting; never by its text. The first that knows the error decides.
func (Dialect) Fault(err error) pooled.Fault {
	if err == nil {
		return pooled.FaultNone
	}
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return pooled.FaultConfig
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return connectFault(connect.Unwrap())
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return serverFault(pe)
	}
	return clientFault(err)
}

// serverFault reads an error that the server sent on a link that is up.
func serverFault(pe *pgconn.PgError) pooled.Fault {
	if pe.Code == "0A000" {
		// feature_not_supported is the program's, except from the one
		// function that finds a cached plan to return other columns than
		// before. It does so before anything ran.
		if pe.Routine == "RevalidateCachedQuery" {
			return pooled.FaultStaleStatement
		}
		return pooled.FaultProgram
	}
	if f, ok := codes[pe.Code]; ok {
		return f
	}
	if fatal(pe) {
		if f, ok := fatalCodes[pe.Code]; ok {
			return f
		}
		// The server ends the session after a FATAL error, whatever it was.
		return pooled.FaultLinkLost
	}
	return pooled.FaultProgram
}

// connectFault reads why no connection came about.
func connectFault(err error) pooled.Fault {
	if f, ok := attemptFault(err); ok {
		return f
	}
	// Nothing in it has a type: TLS that the server refused, a way to log in
	// that pgx does not know, a ValidateConnect of the program's own. Trying
	// again in vain is a smaller harm than giving up too early.
	return pooled.FaultServerDown
}

// attemptFault reads the errors of one or more attempts to connect. Several
// hosts, or one host with and without TLS, give joined errors; the least
// permanent of those that are known says whether trying again has a point. A
// server without TLS has one error of each kind when sslmode is prefer: the
// refusal, which has no type, and then the true reason.
func attemptFault(err error) (f pooled.Fault, known bool) {
	if err == nil {
		return 0, false
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			if g, ok := attemptFault(e); ok && (!known || permanence(g) < permanence(f)) {
				f, known = g, true
			}
		}
		return f, known
	}
	if pe, ok := err.(*pgconn.PgError); ok {
		return refusalFault(pe), true
	}
	if f, ok := dialFault(err); ok {
		return f, true
	}
	return attemptFault(errors.Unwrap(err))
}

// refusalFault reads an error that the server answered to a connection
// attempt. Whatever the table does not know there (a setting that does not
// exist, a missing privilege) will be the same next time.
func refusalFault(pe *pgconn.PgError) pooled.Fault {
	switch f := codes[pe.Code]; f {
	case pooled.FaultTooManyConns, pooled.FaultServerDown, pooled.FaultReadOnly:
		return f
	}
	if _, ok := fatalCodes[pe.Code]; ok {
		return pooled.FaultConfig
	}
	switch class(pe) {
	case "08", // connection exception; poolers send 08P01 for most that goes wrong behind them
		"40", // conflict with recovery while a standby starts
		"53", // out of something
		"57", // operator intervention
		"58", // trouble in the system under the server
		"XX": // internal error; poolers in the cloud send it for a backend that is away
		return pooled.FaultServerDown
	}
	return pooled.FaultConfig
}

// permanence orders faults by how little a second attempt can change.
func permanence(f pooled.Fault) int {
	switch f {
	case pooled.FaultConfig:
		return 3
	case pooled.FaultCancelled:
		return 2
	case pooled.FaultServerDown, pooled.FaultLinkLost:
		return 1
	}
	return 0 // too many connections, read-only: a server lives there
}

// dialFault reads the errors of name resolution, socket and TLS while
// connecting. ok is false for an error that it does not know.
func dialFault(err error) (f pooled.Fault, ok bool) {
	switch e := err.(type) {
	case *net.DNSError:
		if e.IsNotFound {
			return pooled.FaultConfig, true // the name does not exist
		}
		return pooled.FaultServerDown, true // the resolver is away or slow
	case *net.AddrError, *net.ParseError, net.InvalidAddrError, net.UnknownNetworkError:
		return pooled.FaultConfig, true
	case *tls.CertificateVerificationError, tls.RecordHeaderError, tls.AlertError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError,
		x509.SystemRootsError, x509.UnhandledCriticalExtension, x509.ConstraintViolationError:
		return pooled.FaultConfig, true // nobody will trust that certificate next time either
	case *net.OpError:
		if e.Op == "remote error" || e.Op == "local error" {
			return pooled.FaultConfig, true // a TLS alert: versions, ciphers or a missing client certificate
		}
		return pooled.FaultProgram, false // its cause says more
	case syscall.Errno:
		if e == syscall.EACCES {
			return pooled.FaultConfig, true // the socket's directory may not be entered
		}
		return pooled.FaultServerDown, true // refused, unreachable, reset, no socket file
	}
	switch {
	case err == context.Canceled:
		return pooled.FaultCancelled, true
	case err == pgconn.ErrReadOnlyConnection, err == pgconn.ErrReadWriteConnection,
		err == pgconn.ErrPrimaryConnection, err == pgconn.ErrStandbyConnection:
		return pooled.FaultServerDown, true // no server of the wanted target_session_attrs, as yet
	case err == context.DeadlineExceeded, err == os.ErrDeadlineExceeded, err == io.EOF, err == io.ErrUnexpectedEOF:
		// Nobody answered in time, whoever set the time, or the server hung
		// up during the handshake.
		return pooled.FaultServerDown, true
	}
	return pooled.FaultProgram, false
}

// clientFault reads what pgx and the network say on a link that is up.
func clientFault(err error) pooled.Fault {
	var ne net.Error
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, pgconn.ErrConnClosed):
		return pooled.FaultLinkLost
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return pooled.FaultCancelled
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne):
		return pooled.FaultLinkLost
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return pooled.FaultLinkLost // reset, broken pipe
	}
	return pooled.FaultProgram
}

func class(pe *pgconn.PgError) string {
	if len(pe.Code) != 5 {
		return ""
	}
	return pe.Code[:2]
}

// fatal reads the severity that is not translated (servers since 9.6 send it).
func fatal(pe *pgconn.PgError) bool {
	return pe.SeverityUnlocalized == "FATAL" || pe.SeverityUnlocalized == "PANIC"
}
