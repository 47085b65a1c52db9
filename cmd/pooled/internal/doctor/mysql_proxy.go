package doctor

import (
	"context"
	"database/sql"
	"strings"
)

// between asks for what only a proxy answers, and compares what was said at
// the login with what the server says.
func (s *mysqlServer) between(ctx context.Context, e *examination) {
	p := &e.proxy
	var version sql.NullString
	switch {
	// ProxySQL takes exactly this text for itself; a server calls it a syntax error.
	case e.row(ctx, "PROXYSQL INTERNAL SESSION", new(sql.NullString)) == nil:
		p.name, p.how = "ProxySQL", "its own command"
	case e.row(ctx, "SELECT @@maxscale_version", &version) == nil:
		p.name, p.how = strings.TrimSpace("MaxScale "+version.String), "its own variable"
	default:
		if p.name, _ = byName(e.end.Host); p.name != "" {
			p.how = "its address"
			break
		}
		g, ok := s.wire.greeting()
		switch {
		case !ok:
		case g.session != uint32(s.session):
			p.name, p.how = "a proxy", "its own number of the session"
		case plainVersion(g.version) != plainVersion(s.version):
			p.name, p.how = "a proxy", "another version in its greeting"
		}
	}
	if p.name == "" {
		e.add("proxy", OK, nil, "", "nothing shows between here and the server")
		return
	}
	e.add("proxy", OK, map[string]any{"name": p.name}, "", "%s stands between (told by %s); limits and timeouts below are the server's, not its own", p.name, p.how)
}

// plainVersion takes off what MariaDB puts before its version for replicas of
// old.
func plainVersion(v string) string { return strings.TrimPrefix(v, "5.5.5-") }
