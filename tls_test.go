package pooled

import (
	"strings"
	"testing"
)

// endDialect leads wherever the test says.
type endDialect struct {
	BaseDialect
	flavor Flavor
	end    Endpoint
}

func (d endDialect) Flavor() Flavor                    { return d.flavor }
func (d endDialect) Endpoint(string) (Endpoint, error) { return d.end, nil }

func TestProductionVerifiesTheServer(t *testing.T) {
	far := "db.example.com"
	for _, tt := range []struct {
		profile Profile
		host    string
		tls     TLSState
		allow   bool
		refused bool
	}{
		{Production, far, TLSVerified, false, false},
		{Production, far, TLSUnverified, false, true},
		{Production, far, TLSOff, false, true},
		{Production, far, TLSUnknown, false, false},
		{Production, far, TLSOff, true, false},
		{Production, "", TLSOff, false, false},
		{Production, "localhost", TLSOff, false, false},
		{Production, "LocalHost.", TLSOff, false, false},
		{Production, "db.localhost", TLSOff, false, false},
		{Production, "notlocalhost", TLSOff, false, true},
		{Production, "localhost.example.com", TLSOff, false, true},
		{Production, "127.0.0.1", TLSOff, false, false},
		{Production, "127.9.9.9", TLSOff, false, false},
		{Production, "::1", TLSOff, false, false},
		{Production, "[::1]", TLSOff, false, false},
		{Production, "::ffff:127.0.0.1", TLSOff, false, false},
		{Production, "10.0.0.1", TLSOff, false, true},
		{Production, "fe80::1%eth0", TLSOff, false, true},
		{Production, "127.0.0.1.example.com", TLSOff, false, true},
		{Production, "/var/run/postgresql", TLSOff, false, false},
		{Production, "@abstract", TLSOff, false, false},
		{Production, `C:\sockets`, TLSOff, false, false},
		{Production, "localhost,127.0.0.1", TLSOff, false, false},
		{Production, "localhost,10.0.0.1", TLSOff, false, true},
		{Development, far, TLSOff, false, false},
		{Test, far, TLSOff, false, false},
	} {
		for _, pool := range []string{"on", "off"} {
			c, err := resolveIn(nil, "x?pool="+pool, withDialect(endDialect{end: Endpoint{Host: tt.host, TLS: tt.tls}}),
				func(c *Config) { c.Profile, c.AllowUnverifiedTLS = tt.profile, tt.allow })
			if (err != nil) != tt.refused {
				t.Errorf("%+v, pool=%s: %v", tt, pool, err)
			}
			if err == nil && c.end.Host != tt.host {
				t.Errorf("%+v: leads to %+v", tt, c.end)
			}
		}
	}
}

func TestTheTLSFaultSaysWhatToDo(t *testing.T) {
	_, err := resolveIn([]string{"POOLED_PROFILE=production"}, "u:secret@tcp(db.example.com)/d",
		withDialect(endDialect{flavor: MySQL, end: Endpoint{Host: "db.example.com", TLS: TLSUnverified}}))
	want := `pooled: TLS "not verified" (DSN): the production profile sends nothing to another host without verifying it; ` +
		`allowed: tls=true in the DSN, POOLED_TLS=verify-full without one, or pool_allow_unverified_tls=on`
	if err == nil || err.Error() != want {
		t.Errorf(" got %v\nwant %s", err, want)
	}
	_, err = resolveIn([]string{"POOLED_PROFILE=production", "POOLED_HOST=h", "POOLED_TLS=require"}, "", withDialect(urlDialect{}))
	if err == nil || !strings.HasPrefix(err.Error(), `pooled: TLS "not verified" (environment POOLED_HOST, environment POOLED_TLS): `) {
		t.Errorf("got %v", err)
	}
}

func TestProductionVerifiesSingleParametersByDefault(t *testing.T) {
	for _, tt := range []struct {
		environ string
		want    string // of TLS
	}{
		{"POOLED_PROFILE=production POOLED_HOST=db.example.com", "verify-full"},
		{"POOLED_PROFILE=production POOLED_HOST=db.example.com POOLED_ALLOW_UNVERIFIED_TLS=on", ""},
		{"POOLED_PROFILE=production POOLED_HOST=db.example.com POOLED_ALLOW_UNVERIFIED_TLS=on POOLED_TLS=require", "require"},
		{"POOLED_PROFILE=production POOLED_HOST=localhost", ""},
		{"POOLED_PROFILE=production POOLED_HOST=/run/postgresql", ""},
		{"POOLED_PROFILE=production POOLED_DATABASE=d", ""}, // the driver may know the host from its own environment
		{"POOLED_PROFILE=test POOLED_HOST=db.example.com", ""},
	} {
		c, err := resolveIn(strings.Fields(tt.environ), "", withDialect(urlDialect{}))
		if err != nil {
			t.Errorf("%s: %v", tt.environ, err)
			continue
		}
		if got := c.Params.TLS; got != tt.want || strings.Contains(c.dsn, "tls=") != (tt.want != "") {
			t.Errorf("%s: TLS %q in %q, want %q", tt.environ, got, c.dsn, tt.want)
		}
		for _, s := range c.Settings() {
			if s.Name == "tls" && s.Value == "verify-full" && s.Source != "profile production default" {
				t.Errorf("%s: TLS comes from %q", tt.environ, s.Source)
			}
		}
	}
}
