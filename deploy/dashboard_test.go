package deploy

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

const dashboardFile = "grafana/pooled.json"

type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Templating    struct{ List []struct{ Name string } }
}

type panel struct {
	ID         int
	Type       string
	Title      string
	GridPos    struct{ H, W, X, Y int }
	Datasource struct{ UID string }
	Targets    []struct {
		RefID      string
		Expr       string
		Datasource struct{ UID string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

var variable = regexp.MustCompile(`\$\{?\w+`)

// TestTheDashboardCanBeImported as far as can be told without Grafana: it names
// no data source of its own, its panels have a place each, and its queries use
// variables that there are.
func TestTheDashboardCanBeImported(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion == 0 {
		t.Errorf("uid %q, title %q, schema %d", d.UID, d.Title, d.SchemaVersion)
	}
	known := map[string]bool{"$__rate_interval": true}
	for _, v := range d.Templating.List {
		known["$"+v.Name] = true
	}
	ids, titles, taken := map[int]bool{}, map[string]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("%s: a second panel %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type != "row" && titles[p.Title] {
			t.Errorf("a second panel %q", p.Title)
		}
		titles[p.Title] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q or outside", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
			t.Errorf("%s has %d queries of %q", p.Title, len(p.Targets), p.Datasource.UID)
		}
		for _, q := range p.Targets {
			for _, v := range variable.FindAllString(q.Expr, -1) {
				if !known[strings.Replace(v, "{", "", 1)] {
					t.Errorf("%s: no variable %s", p.Title, v)
				}
			}
			if !strings.Contains(q.Expr, `db_client_connection_pool_name=~"$pool"`) {
				t.Errorf("%s: %s does not choose a pool", p.Title, q.Expr)
			}
		}
	}
}
