package testdb

import (
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"

	"github.com/pooledsql/pooled/internal/loopback"
)

// CertUser is a user who has no password and gets in only with a certificate
// of that name from the server's Authority.
const CertUser = "certified"

// WithoutTLS starts the server as one that speaks no TLS.
func WithoutTLS() Option {
	return func(s *Server) { s.withoutTLS = true }
}

// Authority signed the certificate of a private server, which trusts it with
// those of its clients. An external server has none.
func (s *Server) Authority() *Authority { return s.authority }

// SetCertificate changes a private server's certificate from the next Start
// on; change alters one that is good for 127.0.0.1 alone.
func (s *Server) SetCertificate(change func(*x509.Certificate)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.external {
		return errExternal
	}
	template := certificate("test server")
	template.IPAddresses = []net.IP{net.ParseIP(loopback.Host)}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if change != nil {
		change(template)
	}
	cert, key, err := s.authority.issue(template)
	if err != nil {
		return err
	}
	return errors.Join(s.write("server.crt", cert), s.write("server.key", key))
}

// setUpTLS gives a new server its authority and its certificate.
func (s *Server) setUpTLS() (err error) {
	if s.authority, err = newAuthority(); err != nil {
		return err
	}
	if err := s.write("root.crt", s.authority.pem()); err != nil {
		return err
	}
	return s.SetCertificate(nil)
}

// file is the path of one of the server's own files.
func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

// write makes one of the server's own files. Others may not read it: a server
// refuses a key that they can.
func (s *Server) write(name string, text []byte) error {
	if err := os.WriteFile(s.file(name), text, 0o600); err != nil {
		return err
	}
	return s.as.own(s.file(name))
}
