package pooled

import (
	"slices"
	"strings"
	"testing"
)

// splitCases are DSNs with the pool's parameters in them, and what has to be
// left for the base driver.
var splitCases = []struct {
	dsn, rest string
	found     []string // name=value
}{
	// URL
	{"postgres://u:p@h:5432/db?pool_max_conns=5", "postgres://u:p@h:5432/db", []string{"pool_max_conns=5"}},
	{"postgres://u:p@h/db?sslmode=disable&pool_max_conns=5&application_name=a%20b", "postgres://u:p@h/db?sslmode=disable&application_name=a%20b", []string{"pool_max_conns=5"}},
	{"postgres://u:p@h/db?pool_min_conns=1&b=2&pool=off&c", "postgres://u:p@h/db?b=2&c", []string{"pool_min_conns=1", "pool=off"}},
	{"postgres://h/db?&pool=off", "postgres://h/db?", []string{"pool=off"}},
	{"postgres://h/db?pool=off&", "postgres://h/db?", []string{"pool=off"}},
	{"postgres://h/db?pool_name=a%2Fb#c&x=y", "postgres://h/db?x=y", []string{"pool_name=a/b#c"}}, // libpq has no fragment
	{"postgres://u:p#?pool=on&w@h/db?pool=off", "postgres://u:p#?pool=on&w@h/db", []string{"pool=off"}},
	{"postgres://u:p(?w@h?pool=off", "postgres://u:p(?w@h", []string{"pool=off"}},
	{"postgresql://h?pool=off&user=a@b/c", "postgresql://h?pool=off&user=a@b/c", nil}, // the host is b
	{"db://h/db?pool=off#frag?pool=on", "db://h/db#frag?pool=on", []string{"pool=off"}},
	{"postgres0://#0", "postgres0://#0", nil},
	{"db://h/db#frag?pool=on", "db://h/db#frag?pool=on", nil},
	{"postgres://h1:1,h2:2/db?target_session_attrs=any&pool_max_conns=5", "postgres://h1:1,h2:2/db?target_session_attrs=any", []string{"pool_max_conns=5"}},
	{"postgres://u:%70ool_x@h/db?b=%zz", "postgres://u:%70ool_x@h/db?b=%zz", nil},
	{"postgres://h/db?pool_name=my+p%2Fool", "postgres://h/db", []string{"pool_name=my+p/ool"}},
	{"db://h/db?pool_name=my+p%2Fool", "db://h/db", []string{"pool_name=my p/ool"}},
	{"postgres:///db?host=/tmp&pool_name=%zz", "postgres:///db?host=/tmp", []string{"pool_name="}},
	{"postgres://h?pool_name=a/b&user=u&password=p@w", "postgres://h/?user=u&password=p@w", []string{"pool_name=a/b"}}, // w is no host
	{"postgres://u@h?pool_name=a/b&password=p@w", "postgres://u@h?password=p@w", []string{"pool_name=a/b"}},
	{"postgres://h/db?search_path=a/b?pool=off", "postgres://h/db?search_path=a/b?pool=off", nil},
	{"sqlserver://sa:p@h:1433?database=d&pool_max_conns=5", "sqlserver://sa:p@h:1433?database=d", []string{"pool_max_conns=5"}},
	{"postgres://h/db?pool", "postgres://h/db", []string{"pool="}},
	{"postgres://h/db?POOL_Max_conns=1", "postgres://h/db", []string{"POOL_Max_conns=1"}},
	{"postgres://h/db?poolside=1&my_pool_x=2", "postgres://h/db?poolside=1&my_pool_x=2", nil},

	// keyword/value
	{"host=h pool_max_conns=5 dbname=d", "host=h dbname=d", []string{"pool_max_conns=5"}},
	{"pool_max_conns=5 host=h", "host=h", []string{"pool_max_conns=5"}},
	{"host=h pool_max_conns=5", "host=h", []string{"pool_max_conns=5"}},
	{"pool_max_conns=5", "", []string{"pool_max_conns=5"}},
	{"pool_max_conns = 5 pool_min_conns='2'", "", []string{"pool_max_conns=5", "pool_min_conns=2"}},
	{"host=h  pool=off\tdbname = d ", "host=h \tdbname = d ", []string{"pool=off"}},
	{`password='a pool_max_conns=9 \' pool=off' pool_min_conns=1`, `password='a pool_max_conns=9 \' pool=off'`, []string{"pool_min_conns=1"}},
	{`password=a\ pool=off pool_min_conns=1 user=\'x`, `password=a\ pool=off user=\'x`, []string{"pool_min_conns=1"}},
	{`pool_name='it\'s \\' host=h`, `host=h`, []string{`pool_name=it's \`}},
	{`a='1'pool=off b=2`, `a='1' b=2`, []string{"pool=off"}},
	{`a=1 pool='off'b=2`, `a=1 b=2`, []string{"pool=off"}},
	{`host=h password='open pool=off`, `host=h password='open pool=off`, nil},
	{`host=h pool=off junk`, `host=h pool=off junk`, nil},
	{`password=x?pool=off`, `password=x?pool=off`, nil},
	{"host= pool=off", "host= pool=off", nil}, // libpq reads host = "pool=off"
	{"server=h;user id=sa;password=p", "server=h;user id=sa;password=p", nil},

	// go-sql-driver
	{"u:p@tcp(h:3306)/db?pool_max_conns=5", "u:p@tcp(h:3306)/db", []string{"pool_max_conns=5"}},
	{"u:p?w@/x@tcp(h:3306)/db?parseTime=true&pool_max_conns=5&loc=UTC", "u:p?w@/x@tcp(h:3306)/db?parseTime=true&loc=UTC", []string{"pool_max_conns=5"}},
	{"u:a?pool=off&b@tcp(h)/db", "u:a?pool=off&b@tcp(h)/db", nil},
	{"u:a?pool=off&b@unix(/tmp/my.sock)/db?pool_min_conns=2", "u:a?pool=off&b@unix(/tmp/my.sock)/db", []string{"pool_min_conns=2"}},
	{"u:a?b@/?pool=off", "u:a?b@/", []string{"pool=off"}},
	{"/db?pool=off", "/db", []string{"pool=off"}},
	{"u:p#w@tcp([::1]:3306)/db?pool=off", "u:p#w@tcp([::1]:3306)/db", []string{"pool=off"}},
	{"root://pw?&pool=on@tcp(h:3306)/db?pool=off", "root://pw?&pool=on@tcp(h:3306)/db", []string{"pool=off"}},
	{"u:p=w@tcp(h)/db?pool=off", "u:p=w@tcp(h)/db", []string{"pool=off"}},

	// anything else
	{"file:x.db?mode=ro&pool_max_conns=1&_pragma=busy_timeout(5000)", "file:x.db?mode=ro&_pragma=busy_timeout(5000)", []string{"pool_max_conns=1"}},
	{"file:/a/b.db?vfs=/x/y&pool=off", "file:/a/b.db?vfs=/x/y", []string{"pool=off"}},
	{"/a/b.db?pool=off&vfs=/x/y", "/a/b.db?vfs=/x/y", []string{"pool=off"}},
	{"x.db?pool=off", "x.db", []string{"pool=off"}},
	{":memory:?pool=off", ":memory:", []string{"pool=off"}},
	{":memory:", ":memory:", nil},
	{"registeredConnConfig0", "registeredConnConfig0", nil},
	{"registeredConnConfig0?pool_max_conns=3", "registeredConnConfig0", []string{"pool_max_conns=3"}},
	{"sqlmock_db_0", "sqlmock_db_0", nil},
	{"pool_db", "pool_db", nil},
	{"pool", "pool", nil},
	{"", "", nil},
	{"?", "?", nil},
	{"?pool=off", "", []string{"pool=off"}},
	{"user/pw@host:1521/service", "user/pw@host:1521/service", nil},
}

func TestSplitDSNTakesOnlyThePoolsParametersOut(t *testing.T) {
	for _, tt := range splitCases {
		rest, params := splitDSN(tt.dsn)
		if rest != tt.rest {
			t.Errorf("splitDSN(%q)\n left %q\n want %q", tt.dsn, rest, tt.rest)
		}
		var found []string
		for _, p := range params {
			if p.bad {
				p.value = ""
			}
			found = append(found, p.name+"="+p.value)
		}
		if !slices.Equal(found, tt.found) {
			t.Errorf("splitDSN(%q)\nfound %q\n want %q", tt.dsn, found, tt.found)
		}
	}
}

// FuzzSplitDSN checks that a DSN in which nothing is said to the pool comes
// back untouched, and that splitting what was split finds nothing more.
func FuzzSplitDSN(f *testing.F) {
	for _, tt := range splitCases {
		f.Add(tt.dsn)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		rest, found := splitDSN(dsn)
		if len(found) == 0 && rest != dsn {
			t.Fatalf("%q was changed to %q", dsn, rest)
		}
		if len(found) > 0 && len(rest) >= len(dsn) {
			t.Fatalf("%q: %d parameters found, nothing taken out", dsn, len(found))
		}
		// Every sign that is left stands in the DSN in the same order, but for
		// a slash in place of one that was taken out.
		if !inOrder(rest, dsn) && !(isLibpqURL(dsn) && inOrder(strings.Replace(rest, "/?", "?", 1), dsn)) {
			t.Fatalf("%q was rewritten to %q", dsn, rest)
		}
		if lower := strings.ToLower(dsn); !strings.Contains(lower, "pool") && !strings.Contains(dsn, "%") && len(found) > 0 {
			t.Fatalf("%q: found %v", dsn, found)
		}
	})
}

func inOrder(part, whole string) bool {
	i := 0
	for _, b := range []byte(part) {
		at := strings.IndexByte(whole[i:], b)
		if at < 0 {
			return false
		}
		i += at + 1
	}
	return true
}

// FuzzSplitDSNRoundTrip adds a setting to a DSN in the manner of its form and
// checks that taking it out gives the DSN back byte for byte.
func FuzzSplitDSNRoundTrip(f *testing.F) {
	for _, tt := range splitCases {
		f.Add(tt.rest, "5", true)
		f.Add(tt.rest, "5", false)
	}
	f.Fuzz(func(t *testing.T, dsn, value string, first bool) {
		if _, found := splitDSN(dsn); found != nil || strings.ContainsAny(value, "&#%+'\\=/?@() \t\n\r\v\f") || value == "" {
			return
		}
		with := addSetting(dsn, "pool_max_conns="+value, first)
		if with == "" {
			return
		}
		rest, found := splitDSN(with)
		if rest != dsn {
			t.Fatalf("%q with a setting is %q, without it again %q", dsn, with, rest)
		}
		if len(found) != 1 || found[0].name != "pool_max_conns" || found[0].value != value {
			t.Fatalf("%q: found %v", with, found)
		}
	})
}

// addSetting puts a setting first or last into a DSN, or returns "" where
// there is no place for one.
func addSetting(dsn, setting string, first bool) string {
	if isKeywords(dsn) {
		if pair, ok := lastKeyword(dsn); !ok || strings.HasSuffix(dsn, `\`) || pair.value == "" {
			return ""
		}
		if first {
			return setting + " " + dsn
		}
		return dsn + " " + setting
	}
	from, fragment := 0, ""
	switch {
	case !isURL(dsn):
		from = mysqlDatabase(dsn)
	case isLibpqURL(dsn):
		from = libpqHost(dsn)
	default:
		if i := strings.IndexByte(dsn, '#'); i >= 0 {
			dsn, fragment = dsn[:i], dsn[i:]
		}
	}
	q := strings.IndexByte(dsn[from:], '?')
	switch {
	case q < 0:
		return dsn + "?" + setting + fragment
	case first:
		return dsn[:from+q+1] + setting + "&" + dsn[from+q+1:] + fragment
	}
	return dsn + "&" + setting + fragment
}

func lastKeyword(dsn string) (last dsnPair, ok bool) {
	for i := 0; ; i = last.end {
		pair, ok := nextKeyword(dsn, i)
		if !ok || pair.start == len(dsn) {
			return last, ok
		}
		last = pair
	}
}
