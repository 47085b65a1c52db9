package doctor

import (
	"strings"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/local"
)

// encryption is how a connection is protected.
type encryption struct {
	on      bool
	version string    // TLSv1.3
	cipher  string    // as OpenSSL names it
	expires time.Time // of the server's certificate; zero: not known
}

// expirySoon is how long before the end of a certificate it is time to say so:
// authorities that renew by themselves have done so by then.
const expirySoon = 21 * 24 * time.Hour

// judgeEncryption reports on the client's side of the connection.
func (e *examination) judgeEncryption(c encryption) {
	values := map[string]any{"on": c.on, "verified": e.end.TLS == pooled.TLSVerified}
	if c.on {
		values["version"], values["cipher"] = c.version, c.cipher
	}
	verify := "ask for a server that proves who it is: " + e.verifyFull()
	here := local.Hosts(e.end.Host)
	switch what := strings.Join(strings.Fields(c.version+" "+c.cipher), ", "); {
	case !c.on && here:
		e.add("tls", OK, values, "", "plain text; the server is on this machine")
	case !c.on:
		e.add("tls", Warning, values, verify, "plain text: whoever is in between reads along, the login too")
	case e.end.TLS == pooled.TLSVerified:
		e.add("tls", OK, values, "", "%s; the server's certificate and name are verified", what)
	case here:
		e.add("tls", OK, values, "", "%s; the server's name is not verified, but it is on this machine", what)
	case e.end.TLS == pooled.TLSOff:
		e.add("tls", Warning, values, verify, "%s, but plain text is accepted where TLS fails, so whoever is in between can have it", what)
	case e.end.TLS == pooled.TLSUnverified:
		e.add("tls", Warning, values, verify, "%s, but nobody verifies that it is the right server", what)
	default:
		e.add("tls", OK, values, "", "%s; what is verified, the program's own configuration says", what)
	}
	if c.expires.IsZero() {
		return
	}
	left := time.Until(c.expires)
	values = map[string]any{"expires": c.expires.UTC().Format(time.RFC3339)}
	switch day := c.expires.UTC().Format(time.DateOnly); {
	case left < 0:
		e.add("certificate", Warning, values, "renew it: clients that verify it are turned away", "the server's certificate expired on %s", day)
	case left < expirySoon:
		e.add("certificate", Warning, values, "renew it", "the server's certificate expires on %s, in %d days", day, int(left.Hours()/24))
	default:
		e.add("certificate", OK, values, "", "the server's certificate expires on %s", day)
	}
}

func (e *examination) verifyFull() string {
	if e.dialect.Flavor() == pooled.MySQL {
		return "tls=true in the DSN"
	}
	return "sslmode=verify-full in the DSN, with sslrootcert if its authority is your own"
}
