package pooled

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated files instead of comparing them")

// TestSettingsDocIsUpToDate compares docs/settings.md with the tables it is
// made from.
func TestSettingsDocIsUpToDate(t *testing.T) {
	path := filepath.Join("docs", "settings.md")
	want := settingsDoc()
	if *update {
		if err := os.MkdirAll("docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Errorf("%s is out of date: go test -run %s -update .", path, t.Name())
	}
}

func settingsDoc() string {
	var b strings.Builder
	b.WriteString(settingsIntro)
	b.WriteString("| in a DSN | in the environment | field of Config | kind | development | test | production | allowed |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|\n")
	for i := range settings {
		s := &settings[i]
		d, te, p := s.defaultFor(Development), s.defaultFor(Test), s.defaultFor(Production)
		if s.name == "pool_profile" {
			te, p = "", ""
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s | %s | %s | %s | %s |\n",
			s.name, s.env(), s.field, s.kind, d, te, p, s.allowed())
	}
	b.WriteString("\n## What each is for\n\n")
	for i := range settings {
		s := &settings[i]
		fmt.Fprintf(&b, "- `%s`: %s", s.name, s.doc)
		if s.negated {
			fmt.Fprintf(&b, " (`Config.%s` says the opposite.)", s.field)
		}
		b.WriteString("\n")
	}
	b.WriteString(paramsIntro)
	b.WriteString("| in the environment | field of Config.Params | allowed | |\n|---|---|---|---|\n")
	for i := range params {
		s := &params[i]
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", s.env(), s.field, s.allowed(), s.doc)
	}
	b.WriteString("\n## Names in the environment that are left alone\n\nEvery other name that begins with `POOLED_` and is not listed above is refused, for it is most\nlikely a slip. A variable that is set to nothing counts as not set. Left alone are the\nfollowing; those with SERVICE or PORT come from Kubernetes, for services called pooled or pooled-something:\n\n")
	for _, name := range foreignEnv {
		fmt.Fprintf(&b, "- `%s`\n", name)
	}
	return b.String()
}

const settingsIntro = `# Settings

This page is generated from the tables in settings.go and params.go:
` + "`go test -run TestSettingsDocIsUpToDate -update .`" + `

A setting is read from these places, the later winning:

1. the defaults of the profile (development, unless another is named in any of the other places),
2. the environment,
3. the parameters of the DSN,
4. options in code, which see what was read so far. A field that they leave at its zero value gets the
   default of the profile that they leave.

All faults are reported at once, each with the setting, its value, where it came from and what is allowed;
no server is contacted to find them. ` + "`Config.Settings`" + ` tells the values in effect and where each came from.

Durations are written as in Go: ` + "`500ms`, `90s`, `1h30m`" + `. A bare number is refused, for nobody knows its unit;
0 is taken for ` + "`off`" + ` where a setting can be off, except for ` + "`pool_check_idle_after`" + `, where it could mean always
or never. In code ` + "`pooled.Off`" + ` says off, and 0 means the default. A switch also takes true, yes and 1, or false, no and 0.

## In a DSN

The pool's parameters may stand anywhere among the others. They are taken out, and the rest reaches the base
driver byte for byte.

    postgres://app@db.example.com/shop?sslmode=verify-full&pool_max_conns=20
    host=db.example.com dbname=shop pool_max_conns=20 pool_leak_after='10s'
    app:secret@tcp(db.example.com:3306)/shop?tls=true&pool_max_conns=20
    file:shop.db?mode=ro&pool_max_conns=20

In the keyword/value form quotes and backslashes are read as libpq reads them; in the other forms values are
query-escaped. A string of another form (` + "`server=h;database=d`" + `) has no place for them: use the environment or options.
A name that begins with pool_ and is not listed here is an error, and so is one that is given twice.

## The list

`

const paramsIntro = `
Some things are looked at together: ` + "`pool_min_conns`" + ` may not exceed ` + "`pool_max_conns`" + `,
` + "`pool_max_conn_lifetime_jitter`" + ` may not exceed ` + "`pool_max_conn_lifetime`" + `, and the production profile refuses a DSN
that leads to another host (not loopback, not a Unix socket) without verifying it, unless ` + "`pool_allow_unverified_tls`" + ` is on; the
same goes for ` + "`pool_read_fallback`" + `, which needs ` + "`pool_breaker`" + ` on.
Where the dialect cannot tell what a DSN demands, nothing is refused.

## Single parameters in place of a DSN

They are used when the DSN is empty, apart from the pool's own parameters. With neither, the base driver gets the
empty DSN. A driver whose dialect cannot build a DSN refuses them.

`
