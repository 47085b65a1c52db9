package doctor

import "strings"

// proxy is what stands between the program and the server, as far as it shows.
type proxy struct {
	name  string // "": nothing
	mode  string // "transaction", "statement", "session"; "": not known
	how   string // what it shows by
	conns int    // how many clients it takes; 0: not known
	size  int    // how many sessions it has on the server, for each database and user; 0: not known

	// prepares: it carries prepared statements from session to session.
	// Meaningful where known is set.
	prepares, known bool
}

// shares tells whether it gives the same session of the server to several
// clients in turn, so that what one leaves there meets the next.
func (p *proxy) shares() bool { return p.mode == "transaction" || p.mode == "statement" }

// byName recognizes services whose addresses say that they are poolers.
func byName(host string) (name, mode string) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	switch {
	case strings.Contains(host, ".proxy-") && (strings.HasSuffix(host, ".rds.amazonaws.com") || strings.HasSuffix(host, ".rds.amazonaws.com.cn")):
		return "RDS Proxy", "transaction" // it pins a session that changes its state
	case strings.HasSuffix(host, ".neon.tech") && strings.Contains(host, "-pooler."):
		return "Neon's PgBouncer", "transaction"
	}
	return "", ""
}
