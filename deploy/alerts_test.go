package deploy

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	rulesFile = "prometheus/alerts.yml"
	testsFile = "prometheus/alerts_test.yml"
)

var (
	alertName = regexp.MustCompile(`(?m)^      - alert: (\w+)$`)
	alertExpr = regexp.MustCompile(`(?m)^        expr: (.+)$`)
	alertLink = regexp.MustCompile(`(?m)^          runbook_url: ".*/docs/runbook\.md#(\w+)"$`)
	heading   = regexp.MustCompile(`(?m)^## (\w+)$`)
)

// found returns the first group of every match.
func found(re *regexp.Regexp, text string) (all []string) {
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestAlertsPassPromtool(t *testing.T) {
	promtool := program(t, "promtool")
	for _, args := range [][]string{{"check", "rules", rulesFile}, {"test", "rules", testsFile}} {
		out, err := exec.Command(promtool, args...).CombinedOutput()
		if err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestEveryAlertIsTestedBothWays: promtool says nothing of an alert without a
// test. In each test one pool is bad and one is good, and the exact list of
// alerts that must fire has the bad one alone.
func TestEveryAlertIsTestedBothWays(t *testing.T) {
	names := found(alertName, read(t, rulesFile))
	if len(names) == 0 {
		t.Fatal("no alerts")
	}
	tests := map[string]string{}
	for _, text := range strings.Split(read(t, testsFile), "\n  - name: ")[1:] {
		name, body, _ := strings.Cut(text, "\n")
		tests[name] = body
	}
	const pool = "db_client_connection_pool_name"
	for _, name := range names {
		body := tests[name]
		delete(tests, name)
		_, expected, _ := strings.Cut(body, "alert_rule_test:")
		for what, ok := range map[string]bool{
			"a bad pool":          strings.Contains(body, pool+`="bad"`),
			"a good pool":         strings.Contains(body, pool+`="good"`),
			"a time to be silent": strings.Contains(expected, "alertname: "+name+"\n        exp_alerts: []"),
			"a time to fire":      strings.Contains(expected, "alertname: "+name+"\n        exp_alerts:\n") && strings.Contains(expected, pool+": bad"),
		} {
			if !ok {
				t.Errorf("the test of %s has not %s", name, what)
			}
		}
		if strings.Contains(expected, pool+": good") {
			t.Errorf("%s fires for the good pool", name)
		}
	}
	for name := range tests {
		t.Errorf("a test of %s, which is no alert", name)
	}
}

func TestEveryAlertHasARunbookSection(t *testing.T) {
	rules := read(t, rulesFile)
	names, links := found(alertName, rules), found(alertLink, rules)
	sections := found(heading, read(t, "../docs/runbook.md"))
	if !slices.Equal(names, sections) {
		t.Errorf("the sections of the runbook are %q, want those of the alerts in their order: %q", sections, names)
	}
	for i, name := range names {
		if i >= len(links) || links[i] != strings.ToLower(name) {
			t.Errorf("%s does not lead to its section", name)
		}
	}
}
