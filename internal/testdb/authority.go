package testdb

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority that nobody trusts without being told.
// It may be used by any goroutine.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one that signed nothing yet.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a, err := newAuthority()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func newAuthority() (*Authority, error) {
	template := certificate("authority of a test")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{cert, key}, err
}

// RootCert returns a PEM file with the authority's own certificate, for who is
// to trust it. It goes away with the test.
func (a *Authority) RootCert(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "root.crt")
	if err := os.WriteFile(path, a.pem(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// ClientCert makes a certificate for a client of that name, which change may
// alter before it is signed, and returns its PEM file and its key's. They go
// away with the test.
func (a *Authority) ClientCert(tb testing.TB, name string, change func(*x509.Certificate)) (cert, key string) {
	tb.Helper()
	template := certificate(name)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if change != nil {
		change(template)
	}
	certPEM, keyPEM, err := a.issue(template)
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

func (a *Authority) pem() []byte { return pemBlock("CERTIFICATE", a.cert.Raw) }

// issue signs a certificate for a new key and returns both in PEM.
func (a *Authority) issue(template *x509.Certificate) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	return pemBlock("CERTIFICATE", certDER), pemBlock("EC PRIVATE KEY", keyDER), err
}

// certificate is one that is good for a day.
func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
	}
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
