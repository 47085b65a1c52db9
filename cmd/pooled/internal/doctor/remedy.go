package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/pooledsql/pooled"
)

// codes say what to do about errors that servers answer a login with.
var codes = map[string]string{
	"28P01": "check user and password",
	"28000": "check user and password, and whether pg_hba.conf lets this user in from here, with or without TLS",
	"3D000": "check the name of the database, or create it",
	"42501": "grant the user CONNECT on the database",
	"42704": "check the spelling of the parameters in the DSN: the driver hands on to the server what it does not know",
	"53300": "the server has no free session: see who holds them (pg_stat_activity), lower pool_max_conns of its clients or raise max_connections",
	"57P03": "the server starts or stops: try again",
	"1040":  "the server has no free session: see who holds them (SHOW PROCESSLIST), lower pool_max_conns of its clients or raise max_connections",
	"1044":  "grant the user privileges on the database, and check its name",
	"1045":  "check user and password, and whether the account is allowed from this host",
	"1049":  "check the name of the database, or create it",
	"1129":  "the server blocks this host after failed connections: FLUSH HOSTS there, then find out what failed",
	"1130":  "create the account for this host: the server lets nobody in from here",
	"1193":  "check the spelling of the parameters in the DSN: the driver hands on to the server what it does not know",
	"1203":  "the account has no free session (max_user_connections): see who holds them, or raise it",
	"1226":  "the account has used up one of its limits: see SHOW CREATE USER",
}

// remedy says what to do about a connection that could not be made.
func (e *examination) remedy(err error) string {
	if d, ok := e.dialect.(pooled.CodeDialect); ok {
		if do := codes[d.ErrorCode(err)]; do != "" {
			return do
		}
	}
	var (
		name    *net.DNSError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		return "check the name of the host, and the resolver of this machine"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "check host and port, and whether the server runs and listens there and not only on localhost"
	case errors.Is(err, os.ErrNotExist):
		return "check the path of the socket, and whether the server runs"
	case errors.As(err, &unknown):
		return "name the authority that signed the server's certificate (sslrootcert; with single parameters POOLED_TLS_ROOT_CERT)"
	case errors.As(err, &host):
		return "connect by a name that the server's certificate has, or give the server one that has this name"
	case errors.As(err, &invalid), errors.As(err, &record):
		return "check the certificate of the server, and that it speaks TLS on this port"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "check host and port, and the firewalls in between: nobody answers"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "check that a database of this kind listens there, and whether it wants TLS"
	}
	if e.end.TLS == pooled.TLSVerified || e.end.TLS == pooled.TLSUnverified { // pgx has no type for a server that has none
		return "check that the server has TLS, which the DSN asks for, and see its log"
	}
	return "see the server's log"
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}
