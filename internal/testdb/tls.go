package testdb

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// CertUser is a user who has no password and gets in only with a certificate
// of that name; see ClientCert.
const CertUser = "certified"

// WithoutTLS starts the server as one that speaks no TLS.
func WithoutTLS() Option {
	return func(s *Server) { s.withoutTLS = true }
}

// RootCert is the PEM file of the authority that signed the server's
// certificate and that the server trusts. It is empty for an external server.
func (s *Server) RootCert() string {
	if s.external {
		return ""
	}
	return s.file("root.crt")
}

// SetCertificate changes the server's certificate from the next Start on. It
// is given one that is good for 127.0.0.1 alone.
func (s *Server) SetCertificate(change func(*x509.Certificate)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.external {
		return errExternal
	}
	template := serverCertificate()
	if change != nil {
		change(template)
	}
	cert, key, err := s.authority.issue(template)
	if err != nil {
		return err
	}
	return errors.Join(s.write("server.crt", cert), s.write("server.key", key))
}

// ClientCert makes a client's certificate, which change may alter, and returns
// its PEM files and its key's. They go away with the test.
func (s *Server) ClientCert(tb testing.TB, name string, change func(*x509.Certificate)) (cert, key string) {
	tb.Helper()
	if s.external {
		tb.Fatal(errExternal)
	}
	template := certificate(name)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if change != nil {
		change(template)
	}
	certPEM, keyPEM, err := s.authority.issue(template)
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	cert, key = filepath.Join(dir, "client.crt"), filepath.Join(dir, "client.key")
	if err := errors.Join(os.WriteFile(cert, certPEM, 0o600), os.WriteFile(key, keyPEM, 0o600)); err != nil {
		tb.Fatal(err)
	}
	return cert, key
}

// OtherRootCert makes an authority that signed nothing and returns its PEM
// file.
func OtherRootCert(tb testing.TB) string {
	tb.Helper()
	other, err := newAuthority()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "other.crt")
	if err := os.WriteFile(path, other.pem(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
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

// write makes one of the server's own files, which nobody else may read: a
// server refuses a key that others can.
func (s *Server) write(name string, text []byte) error {
	if err := os.WriteFile(s.file(name), text, 0o600); err != nil {
		return err
	}
	return s.as.own(s.file(name))
}
