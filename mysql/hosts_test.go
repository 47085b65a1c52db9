package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

func TestSplitHosts(t *testing.T) {
	for _, c := range []struct {
		dsn  string
		want []string // nil: as it is
	}{
		{"u:p@tcp(a:1,b:2)/d?x=1", []string{"u:p@tcp(a:1)/d?x=1", "u:p@tcp(b:2)/d?x=1"}},
		{"tcp(a, b:2 ,[::1]:3)/", []string{"tcp(a)/", "tcp(b:2)/", "tcp([::1]:3)/"}},
		{"u@(a,b)/", []string{"u@(a)/", "u@(b)/"}},
		{"u:p(1,2@/):@tcp(a,b)/d", []string{"u:p(1,2@/):@tcp(a)/d", "u:p(1,2@/):@tcp(b)/d"}},
		{"u:p@tcp(a:1)/d", nil},
		{"u:p,q@tcp(a:1)/d?x=a,b", nil},
		{"u@unix(/a,b)/d", nil},
		{"u@tunnel(a,b)/d", nil},
		{"u@tcp(a,b/d", nil},
		{"/", nil},
		{"nothing", nil},
		{"", nil},
	} {
		got, err := splitHosts(c.dsn)
		if c.want == nil {
			c.want = []string{c.dsn}
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.dsn, got, err)
		}
	}
	for _, dsn := range []string{"u:secret@tcp(a,)/", "u:secret@tcp(,)/", "u:secret@tcp(a,,b)/d"} {
		_, err := baseDriver{}.OpenConnector(dsn)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

// Each host has the port, and proves the name, that belongs to it; and the
// wish for a primary does not reach the server as a variable.
func TestHostsAreReadOneByOne(t *testing.T) {
	for _, c := range []struct {
		dsn     string
		primary bool
		n       int
	}{
		{"u:p@tcp(a:1,b)/d?tls=true", true, 2},
		{"u:p@tcp(a:1,b)/d?tls=true&target_session_attrs=any", false, 2},
		{"u:p@tcp(a:1,b)/d?tls=true&target_session_attrs=read-write", true, 2},
		{"u:p@tcp(a:1)/d?tls=true&target_session_attrs=primary", true, 1},
	} {
		got, err := baseDriver{}.OpenConnector(c.dsn)
		if err != nil {
			t.Fatal(err)
		}
		h := got.(hosts)
		if h.primary != c.primary || len(h.list) != c.n || h.list[0].addr != "a:1" || c.n > 1 && h.list[1].addr != "b:3306" {
			t.Errorf("%s: %+v", c.dsn, h)
		}
	}
	if one, err := (baseDriver{}).OpenConnector("u:p@tcp(a:1)/d?target_session_attrs=any"); err != nil {
		t.Error(err)
	} else if _, ok := one.(connector); !ok {
		t.Errorf("one host became %T", one)
	}
	_, err := baseDriver{}.OpenConnector("u:secret@tcp(a,b)/?target_session_attrs=standby")
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "primary") {
		t.Error(err)
	}
	cfg, err := mysql.ParseDSN("u:p@tcp(b)/d?tls=true&target_session_attrs=any&x=1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeTarget(cfg, true); err != nil || len(cfg.Params) != 1 || cfg.TLS.ServerName != "b" {
		t.Errorf("%v, parameters %v", err, cfg.Params)
	}
}

func TestFaultOfSeveralHosts(t *testing.T) {
	denied := &mysql.MySQLError{Number: 1045}
	refused := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for _, c := range []struct {
		errs []error
		want pooled.Fault
	}{
		{[]error{denied, denied}, pooled.FaultConfig},
		{[]error{denied, refused}, pooled.FaultServerDown},
		{[]error{errTakesNoWrites, errTakesNoWrites}, pooled.FaultServerDown},
		{[]error{errTakesNoWrites, denied}, pooled.FaultServerDown},
		{[]error{refused, driver.ErrBadConn}, pooled.FaultServerDown},
	} {
		err := &hostsError{addrs: []string{"a:1", "b:2"}, errs: c.errs}
		if got := (Dialect{}).Fault(err); got != c.want {
			t.Errorf("%v: fault %d, want %d", err, got, c.want)
		}
		if !errors.Is(err, c.errs[1]) || !strings.Contains(err.Error(), "a:1: ") || !strings.Contains(err.Error(), "b:2: ") {
			t.Error(err)
		}
	}
}

// A host that takes connections and says nothing leaves time for the next, and
// the one that answered is asked first from then on.
func TestASilentHostLeavesTimeForTheNext(t *testing.T) {
	cfg := serverConfig(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	var silence sync.WaitGroup
	silence.Go(func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			asked.Add(1)
		}
	})
	defer silence.Wait()
	defer silent.Close()
	dsn := strings.Replace(cfg.FormatDSN(), cfg.Addr, silent.Addr().String()+","+cfg.Addr, 1)
	c, err := baseDriver{}.OpenConnector(dsn)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		conn, err := c.Connect(ctx)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the silent host was asked %d times, want 1", n)
	}
}

// The list is gone through until one takes writes; when none does, the error
// names each, and no secret.
func TestThePrimaryIsFoundAmongTheHosts(t *testing.T) {
	one, two := testdb.MySQL(t), testdb.MySQL(t)
	set := func(s *testdb.Server, on string) {
		t.Helper()
		if _, err := s.Query("", "SET GLOBAL read_only = "+on); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := mysql.ParseDSN(one.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Net, cfg.Addr = "tcp", one.Addr()+","+two.Addr()
	open := func(params string) driver.Connector {
		dsn := cfg.FormatDSN() + "?" + params
		c, err := baseDriver{}.OpenConnector(dsn)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	port := func(c driver.Connector) string {
		t.Helper()
		conn, err := c.Connect(t.Context())
		if err != nil {
			return err.Error()
		}
		defer conn.Close()
		rows, err := conn.(driver.QueryerContext).QueryContext(t.Context(), "SELECT CONCAT('127.0.0.1:', @@port)", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		value := make([]driver.Value, 1)
		if err := rows.Next(value); err != nil {
			t.Fatal(err)
		}
		return string(value[0].([]byte))
	}
	primary, either := open(""), open("target_session_attrs=any")
	for _, step := range []struct {
		one, two string
		want     string
	}{
		{"0", "1", one.Addr()},
		{"1", "0", two.Addr()},
		{"0", "0", two.Addr()}, // it is not left without need
		{"0", "1", one.Addr()},
	} {
		set(one, step.one)
		set(two, step.two)
		if got := port(primary); got != step.want {
			t.Errorf("read_only %s and %s: connected to %s, want %s", step.one, step.two, got, step.want)
		}
	}
	set(one, "1")
	set(two, "1")
	if got := port(either); got != one.Addr() {
		t.Errorf("any: connected to %s", got)
	}
	_, err = primary.Connect(t.Context())
	if err == nil || !errors.Is(err, errTakesNoWrites) || !strings.Contains(err.Error(), one.Addr()) || !strings.Contains(err.Error(), two.Addr()) ||
		strings.Contains(err.Error(), cfg.Passwd) || (Dialect{}).Fault(err) != pooled.FaultServerDown {
		t.Errorf("both read-only: %v", err)
	}
	if err := one.Kill(); err != nil {
		t.Fatal(err)
	}
	set(two, "0")
	if got := port(open("")); got != two.Addr() {
		t.Errorf("one is dead: connected to %s", got)
	}
}
