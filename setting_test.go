package pooled

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestNothingPrintsAPassword prints a Config and its Params in every way that
// comes to mind.
func TestNothingPrintsAPassword(t *testing.T) {
	const secret = "s3cr3tpw"
	environ := []string{"POOLED_HOST=h", "POOLED_PASSWORD=" + secret}
	fromParams, err := resolveIn(environ, "", withDialect(urlDialect{}))
	if err != nil {
		t.Fatal(err)
	}
	fromDSN, err := resolveIn(nil, "db://u:"+secret+"@h/d?pool_max_conns=3", withDialect(urlDialect{}))
	if err != nil {
		t.Fatal(err)
	}
	fromDSN.Params.Host = "h" // Params print something too
	raw := &Config{Params: Params{Host: "h", Password: secret}}
	if !strings.Contains(fromParams.dsn, secret) || !strings.Contains(fromDSN.dsn, secret) {
		t.Fatal("the base driver does not get the password")
	}
	for name, c := range map[string]*Config{"parameters": fromParams, "DSN": fromDSN, "struct": raw} {
		check := func(how, text string) {
			if strings.Contains(text, secret) {
				t.Errorf("%s, %s: %s", name, how, text)
			}
			if text == "" {
				t.Errorf("%s, %s: nothing printed", name, how)
			}
		}
		values := map[string]any{
			"Config": *c, "*Config": c, "Params": c.Params, "*Params": &c.Params,
			"struct": struct{ C Config }{*c}, "struct of Params": struct{ P Params }{c.Params},
			"slice": []Config{*c}, "map": map[string]Params{"a": c.Params}, "interface": []any{c, c.Params},
			"Settings": c.Settings(),
		}
		for what, v := range values {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				check(what+" with "+verb, fmt.Sprintf(verb, v))
			}
			var out bytes.Buffer
			slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
			check(what+" with slog", out.String())
		}
		if text, err := json.Marshal(c.Params); err == nil {
			check("JSON", string(text))
		}
	}
}

func TestStringTellsEverySettingWithItsSource(t *testing.T) {
	c, err := resolveIn([]string{"POOLED_HOST=h", "POOLED_PASSWORD=x", "POOLED_MAX_WAITERS=5"}, "", withDialect(urlDialect{}))
	if err != nil {
		t.Fatal(err)
	}
	text := c.String()
	for _, line := range []string{
		"pool_profile = development (default)\n",
		"pool_name = h (host and database)\n",
		"pool_max_conns = 10 (profile development default)\n",
		"pool_max_waiters = 5 (environment POOLED_MAX_WAITERS)\n",
		"pool_reset = off (profile development default)\n",
		"host = h (environment POOLED_HOST)\n",
		"password = *** (environment POOLED_PASSWORD)\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	if got, want := strings.Count(text, "\n"), len(settings)+2; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
}

func TestAConfigThatWasNotOpenedTellsWhatItComesTo(t *testing.T) {
	c := Config{Profile: Production, LeakAfter: 60e9}
	for name, want := range map[string]string{
		"pool_max_conns":  "50 (profile production default)",
		"pool_leak_after": "1m (option in code)",
		"pool_name":       "pooled (profile production default)",
	} {
		s := effective(&c, name)
		if got := s.Value + " (" + s.Source + ")"; got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	if got, want := fmt.Sprintf("%#v", c), "pooled.Config{pool_profile=production pool_name=pooled pool_leak_after=1m}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if c.MaxConns != 0 || c.sources != nil {
		t.Error("asking changed it")
	}
}

func TestAllErrorsKeepSecrets(t *testing.T) {
	const secret = "hunter2"
	for _, dsn := range []string{
		"host=h pool_max_conns= password=" + secret,
		"host=h pool_name= password=" + secret,
		"host=h pool_profile= password=" + secret,
		"postgres://u:p?pool_max_conns=" + secret + "@h/db",
		"postgres://h/d?pool_max_conns=5;password=" + secret,
		"postgres://h/d?pool_max_conns&pool_reset=a:" + secret,
		"u:" + secret + "@tcp(h)/d?pool_max_conns=x&pool_bogus=" + secret,
	} {
		_, err := resolveIn([]string{"POOLED_BOGUS=" + secret}, dsn)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}
