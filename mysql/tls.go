package mysql

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// tlsNamePrefix begins the names of the configurations that DSN registers.
const tlsNamePrefix = "pooled-"

// tlsMode returns the value of the DSN parameter tls for p.
func tlsMode(p pooled.Params) (string, error) {
	mode := p.TLS
	files := p.TLSRootCert != "" || p.TLSCert != "" || p.TLSKey != ""
	if mode == "" && files {
		mode = "verify-full"
	}
	switch mode {
	case "":
		return "", nil
	case "disable":
		return "false", nil
	case "require", "verify-full":
	default:
		return "", fmt.Errorf(`mysql: TLS is %q; it can be "verify-full", "require" or "disable"`, mode)
	}
	if files {
		return registerTLS(mode, p)
	}
	if mode == "require" {
		return "skip-verify", nil
	}
	return "true", nil
}

// registerTLS registers a configuration with the certificates of p. The name
// is made from what they hold: the same files give the same name, and a
// replaced file does not change a pool that is already open.
func registerTLS(mode string, p pooled.Params) (string, error) {
	cfg := &tls.Config{}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%d %d %d\n", mode, len(p.TLSRootCert), len(p.TLSCert), len(p.TLSKey))
	if p.TLSRootCert != "" {
		pem, err := os.ReadFile(p.TLSRootCert)
		if err != nil {
			return "", fmt.Errorf("mysql: TLS root certificate: %w", err)
		}
		sum.Write(pem)
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return "", fmt.Errorf("mysql: TLS root certificate: no certificate in %s", p.TLSRootCert)
		}
	}
	if p.TLSCert != "" || p.TLSKey != "" {
		if p.TLSCert == "" || p.TLSKey == "" {
			return "", errors.New("mysql: a TLS client certificate and its key go together")
		}
		cert, err := tls.LoadX509KeyPair(p.TLSCert, p.TLSKey)
		if err != nil {
			return "", fmt.Errorf("mysql: TLS client certificate: %w", err)
		}
		for _, der := range cert.Certificate {
			sum.Write(der)
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	if mode == "require" {
		// As with PostgreSQL's sslmode=require: without a root certificate
		// nothing is checked, with one the chain is and the name is not.
		cfg.InsecureSkipVerify = true
		if cfg.RootCAs != nil {
			cfg.VerifyConnection = chainVerifier(cfg.RootCAs)
		}
	}
	name := tlsNamePrefix + hex.EncodeToString(sum.Sum(nil)[:8])
	if err := mysql.RegisterTLSConfig(name, cfg); err != nil {
		return "", err
	}
	return name, nil
}

// chainVerifier checks a server's certificate chain and leaves its name alone.
func chainVerifier(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(cs tls.ConnectionState) error {
		opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range cs.PeerCertificates[1:] {
			opts.Intermediates.AddCert(c)
		}
		_, err := cs.PeerCertificates[0].Verify(opts)
		return err
	}
}
