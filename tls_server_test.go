package pooled_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// dialTLS connects with single parameters in the production profile and tells
// whether the session is encrypted.
func (s *realServer) dialTLS(t *testing.T, change func(*pooled.Params)) (encrypted bool, err error) {
	t.Helper()
	p := s.params(t)
	change(&p)
	db, _ := openDSN(t, "pooled-"+s.driver, "", quiet, limits(0, 2), func(c *pooled.Config) {
		c.Params, c.Profile = p, pooled.Production
	})
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = db.QueryRowContext(ctx, s.secret).Scan(&encrypted)
	if err != nil && ctx.Err() != nil {
		t.Errorf("nobody said what is wrong in 20 s: %v", err)
	}
	if err != nil && p.Password != "" && strings.Contains(err.Error(), p.Password) {
		t.Errorf("the error shows the password: %v", err)
	}
	return encrypted, err
}

// accepted wants an encrypted session.
func (s *realServer) accepted(t *testing.T, what string, change func(*pooled.Params)) {
	t.Helper()
	if encrypted, err := s.dialTLS(t, change); err != nil || !encrypted {
		t.Errorf("%s: encrypted %v, %v", what, encrypted, err)
	}
}

// refused wants an error with one of the words.
func (s *realServer) refused(t *testing.T, what string, change func(*pooled.Params), words ...string) {
	t.Helper()
	_, err := s.dialTLS(t, change)
	if err == nil {
		t.Errorf("%s: connected", what)
		return
	}
	for _, word := range words {
		if strings.Contains(err.Error(), word) {
			return
		}
	}
	t.Errorf("%s: says %q, want one of %q", what, err, words)
}

func expired(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
}

func TestServerCertificatesAreVerified(t *testing.T) {
	eachPrivateServer(t, func(t *testing.T, s *realServer) {
		root, other := s.Authority().RootCert(t), testdb.NewAuthority(t).RootCert(t)
		with := func(tls, root string) func(*pooled.Params) {
			return func(p *pooled.Params) { p.TLS, p.TLSRootCert = tls, root }
		}
		restart := func(change func(*x509.Certificate)) {
			if err := errors.Join(s.SetCertificate(change), s.Restart()); err != nil {
				t.Fatal(err)
			}
		}
		s.accepted(t, "a good certificate", with("verify-full", root))
		s.accepted(t, "a root certificate alone", with("", root))
		s.accepted(t, "a good chain", with("require", root))
		s.accepted(t, "any certificate", with("require", ""))
		s.refused(t, "the authorities of this machine", with("verify-full", ""), "x509: certificate signed by unknown authority")
		s.refused(t, "another authority", with("verify-full", other), "x509: certificate signed by unknown authority")
		s.refused(t, "a chain of another authority", with("require", other), "x509: certificate signed by unknown authority")

		restart(expired)
		s.refused(t, "an expired certificate", with("verify-full", root), "x509: certificate has expired")
		s.refused(t, "an expired chain", with("require", root), "x509: certificate has expired")

		restart(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} })
		s.refused(t, "another name", with("verify-full", root), "x509: certificate is valid for 127.0.0.2, not 127.0.0.1")
		s.accepted(t, "another name in a good chain", with("require", root))
	})
}

func TestServerWithoutTLSIsRefused(t *testing.T) {
	eachPrivateServer(t, func(t *testing.T, s *realServer) {
		for _, tls := range []string{"verify-full", "require"} {
			s.refused(t, tls, func(p *pooled.Params) { p.TLS = tls },
				"server refused TLS connection", "server does not support TLS")
		}
	}, testdb.WithoutTLS())
}

func TestServerClientCertificates(t *testing.T) {
	eachPrivateServer(t, func(t *testing.T, s *realServer) {
		own, other := s.Authority(), testdb.NewAuthority(t)
		root := own.RootCert(t)
		certified := func(p *pooled.Params) {
			p.User, p.Password, p.TLSRootCert = testdb.CertUser, "", root
		}
		with := func(signer *testdb.Authority, name string, change func(*x509.Certificate)) func(*pooled.Params) {
			return func(p *pooled.Params) {
				certified(p)
				p.TLSCert, p.TLSKey = signer.ClientCert(t, name, change)
			}
		}
		s.accepted(t, "a good certificate", with(own, testdb.CertUser, nil))
		s.refused(t, "none", certified, "valid client certificate", "Access denied")
		s.refused(t, "another name", with(own, "somebody", nil), "certificate authentication failed", "Access denied")
		s.refused(t, "an expired one", with(own, testdb.CertUser, expired), "expired certificate", "has expired")
		s.refused(t, "of another authority", with(other, testdb.CertUser, nil), "unknown certificate authority", "an authority that it does not know")
		s.refused(t, "plain text", func(p *pooled.Params) {
			certified(p)
			p.TLS, p.TLSRootCert = "disable", ""
		}, "no encryption", "Access denied")
	})
}
