package pooled

import (
	"net/url"
	"strings"
)

// dsnParam is a parameter of the pool that was found in a DSN.
type dsnParam struct {
	name, value string
	bad         bool // the value's %-escapes cannot be read
}

// splitDSN takes the pool's parameters out of a DSN. What is left reaches the
// base driver byte for byte: nothing is decoded and encoded again, for every
// driver has its own idea of escapes. A DSN that cannot be read is left alone;
// the base driver has the last word on it.
//
// The form is told from the text alone:
//
//	postgres://...?a=b&c=d             as libpq and pgx read it, see libpqHost
//	scheme://...?a=b&c=d#e             URL: the query begins at the first ?
//	a=b c='d e'                        keyword/value, as libpq reads it
//	user:pw@tcp(host:3306)/db?a=b&c=d  go-sql-driver: at the first ? after the last /
//	file:x.db?a=b, name?a=b            anything else: at the first ?
func splitDSN(dsn string) (rest string, found []dsnParam) {
	if isKeywords(dsn) {
		return splitKeywords(dsn)
	}
	from, end, unescape := 0, len(dsn), url.QueryUnescape
	libpq := isLibpqURL(dsn) && isURL(dsn)
	switch {
	case libpq:
		from, unescape = libpqHost(dsn), url.PathUnescape // to libpq + is a plus
	case !isURL(dsn):
		from = mysqlDatabase(dsn)
	default:
		if i := strings.IndexByte(dsn, '#'); i >= 0 {
			end = i // the fragment; url.Parse cuts it off first
		}
	}
	q := strings.IndexByte(dsn[from:end], '?')
	if q < 0 {
		return dsn, nil
	}
	q += from
	query, found := splitQuery(dsn[q+1:end], unescape)
	if len(found) == 0 {
		return dsn, nil
	}
	rest = dsn[:q] + query + dsn[end:]
	if libpq && libpqHost(rest) != from {
		// The only slash before an @ was in what was taken out.
		rest = dsn[:q] + "/" + query
	}
	return rest, found
}

func isLibpqURL(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// libpqHost returns where the hosts begin in a URL of libpq. Before the first
// slash every @ ends user and password, so a password may contain ? and #.
func libpqHost(dsn string) int {
	at := strings.Index(dsn, "://") + len("://")
	if i := strings.IndexAny(dsn[at:], "@/"); i >= 0 && dsn[at+i] == '@' {
		at += i + 1
	}
	return at
}

// splitQuery takes the pool's parameters out of a=b&c=d. What it returns
// begins with ? unless nothing is left.
func splitQuery(query string, unescape func(string) (string, error)) (rest string, found []dsnParam) {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if plain, err := unescape(name); err == nil {
			name = plain
		}
		if !isPoolName(name) {
			kept = append(kept, part)
			continue
		}
		plain, err := unescape(value)
		found = append(found, dsnParam{name: name, value: plain, bad: err != nil})
	}
	if len(kept) == 0 {
		return "", found
	}
	return "?" + strings.Join(kept, "&"), found
}

// isPoolName tells whether a parameter is meant for the pool, be it misspelt.
func isPoolName(name string) bool {
	const prefix = "pool_"
	return name == "pool" || len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// isURL tells whether dsn begins like scheme://authority. A MySQL DSN does so
// too when the password begins with two slashes (root://pw@tcp(host)/db): the
// parenthesis, which no host has, tells them apart.
func isURL(dsn string) bool {
	scheme, rest, ok := strings.Cut(dsn, "://")
	if !ok || scheme == "" {
		return false
	}
	for i, r := range scheme {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", r)) {
			return false
		}
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		rest = rest[:i]
	}
	host := rest[strings.LastIndexByte(rest, '@')+1:]
	return !strings.Contains(host, "(")
}

// mysqlDatabase returns where the database name begins in a DSN of
// go-sql-driver, [user[:password]@][net[(address)]]/database, and 0 for
// every other string. The password may contain every sign, so it goes by the
// last slash and the last @ before it, as the driver does.
func mysqlDatabase(dsn string) int {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return 0
	}
	network := dsn[strings.LastIndexByte(dsn[:slash], '@')+1 : slash]
	if name, address, ok := strings.Cut(network, "("); ok {
		if !strings.HasSuffix(address, ")") || strings.Contains(address[:len(address)-1], ")") {
			return 0
		}
		network = name
	}
	for i := range len(network) {
		if !isWordByte(network[i]) {
			return 0
		}
	}
	return slash + 1
}

func isWordByte(b byte) bool {
	return b|0x20 >= 'a' && b|0x20 <= 'z' || b >= '0' && b <= '9' || b == '_' || b == '-' || b == '+' || b == '.'
}
