package doctor

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/loopback"
	"github.com/pooledsql/pooled/internal/testdb"
)

// middleman leads to a MySQL server and changes what passes, byte for byte, as
// long as it is.
type middleman struct {
	greeting func([]byte)
	question func([]byte)
}

// listen returns the middleman's address.
func (m middleman) listen(t *testing.T, server string) string {
	l, err := loopback.Listen()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			all.Go(func() { carry(behind, client, m.question) })
			all.Go(func() {
				first := true
				carry(client, behind, func(p []byte) {
					if first && m.greeting != nil {
						m.greeting(p)
					}
					first = false
				})
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

func carry(to, from net.Conn, change func([]byte)) {
	defer to.Close()
	defer from.Close()
	p := make([]byte, 1<<16)
	for {
		n, err := from.Read(p)
		if change != nil {
			change(p[:n])
		}
		if _, werr := to.Write(p[:n]); err != nil || werr != nil {
			return
		}
	}
}

// answering puts another query in the place of one, padded to its length.
func answering(query, other string) func([]byte) {
	return func(p []byte) {
		if i := bytes.Index(p, []byte(query)); i >= 0 {
			copy(p[i:], other+strings.Repeat(" ", len(query)-len(other)))
		}
	}
}

func TestProxiesOfMySQLAreFound(t *testing.T) {
	s := testdb.SharedMySQL(t)
	database := s.NewDatabase(t)
	for name, c := range map[string]struct {
		middleman
		text string
	}{
		"none":     {text: "nothing shows"},
		"ProxySQL": {middleman{question: answering("PROXYSQL INTERNAL SESSION", "SELECT '{}'")}, "ProxySQL stands between"},
		"MaxScale": {middleman{question: answering("SELECT @@maxscale_version", "SELECT '24.02.4'")}, "MaxScale 24.02.4 stands between"},
		"number":   {middleman{greeting: func(p []byte) { p[bytes.IndexByte(p[5:], 0)+5+1] ^= 0x55 }}, "its own number of the session"},
		"version":  {middleman{greeting: func(p []byte) { p[6] ^= 1 }}, "another version"},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := run(t, s.DSNVia(c.listen(t, s.Addr()), database))
			want(t, found, "proxy", OK, c.text)
			if r := found["connections"]; r.Level != OK {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestServicesAreKnownByTheirAddress(t *testing.T) {
	for host, want := range map[string]string{
		"shop.proxy-abcdefghijkl.eu-central-1.rds.amazonaws.com":   "RDS Proxy",
		"shop.cluster-abcdefghijkl.eu-central-1.rds.amazonaws.com": "",
		"ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech":   "Neon's PgBouncer",
		"ep-cool-darkness-123456.us-east-2.aws.neon.tech":          "",
		"db.example.com":                       "",
		"EP-x-POOLER.us-east-2.aws.neon.tech.": "Neon's PgBouncer",
		"reader.endpoint.proxy-abcdefghijkl.cn-north-1.rds.amazonaws.com.cn": "RDS Proxy",
	} {
		if got, _ := byName(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}

func TestAGreetingIsReadOrNot(t *testing.T) {
	for _, c := range []struct {
		head string
		want greeting
		ok   bool
	}{
		{"", greeting{}, false},
		{"\x05\x00\x00\x00\xffx", greeting{}, false},
		{"\x00\x00\x00\x00\x0a8.0.36", greeting{}, false},
		{"\x00\x00\x00\x00\x0a8.0.36\x00\x01\x02", greeting{}, false},
		{"\x00\x00\x00\x00\x0a8.0.36\x00\x01\x02\x00\x00salt", greeting{"8.0.36", 0x201}, true},
	} {
		client, server := net.Pipe()
		go func() { io.WriteString(server, c.head); server.Close() }()
		g := &greeted{Conn: client}
		io.ReadAll(g)
		if got, ok := g.greeting(); got != c.want || ok != c.ok {
			t.Errorf("%q: got %v, %v", c.head, got, ok)
		}
	}
}

// TestAServerThatFallsSilentIsLeftInTime: whenever it does.
func TestAServerThatFallsSilentIsLeftInTime(t *testing.T) {
	pg, my := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	for name, c := range map[string]struct {
		server *testdb.Server
		at     string
	}{
		"PostgreSQL, at the first question": {pg, "SELECT version()"}, "PostgreSQL, later": {pg, "pg_settings"},
		"MariaDB, at the first question": {my, "SELECT VERSION()"}, "MariaDB, later": {my, "SHOW GRANTS"},
	} {
		t.Run(name, func(t *testing.T) {
			silent := make(chan struct{})
			m := middleman{question: func(p []byte) {
				if bytes.Contains(p, []byte(c.at)) {
					<-silent
				}
			}}
			dsn := c.server.DSNVia(m.listen(t, c.server.Addr()), c.server.NewDatabase(t))
			t.Cleanup(func() { close(silent) }) // before the middleman ends
			start := time.Now()
			r, _ := run(t, dsn, func(o *Options) { o.Timeout = 300 * time.Millisecond })
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
			if r.Worst() != Failure {
				t.Errorf("nothing is told of it: %+v", r.Findings)
			}
		})
	}
}
