// Package clientcert tells of connections that broke while they were being set
// up with a client certificate.
//
// With TLS 1.3 the server looks at that certificate when the client has
// finished its handshake already (RFC 8446, figure 1), and one that does not
// like it sends an alert and hangs up. What the client meanwhile wrote makes
// the kernel answer with a reset, which overtakes the alert now and then: in
// some of a hundred dials on loopback. And go-sql-driver/mysql passes on no
// cause of a connection that broke. So the error gets a hint.
package clientcert

import "crypto/tls"

// Shown tells whether a client with this configuration, which may be nil,
// shows a certificate.
func Shown(c *tls.Config) bool {
	return c != nil && (len(c.Certificates) > 0 || c.GetClientCertificate != nil)
}

// Hint returns err, the end of a connection during its login, with a word on
// what the cause may have been. errors.Is and errors.As see through it.
func Hint(err error) error { return &hinted{err} }

type hinted struct{ err error }

func (e *hinted) Error() string {
	return e.err.Error() + " (during the login; the server may have refused the client's TLS certificate, " +
		"as one that has expired or comes from an authority that it does not know)"
}

func (e *hinted) Unwrap() error { return e.err }
