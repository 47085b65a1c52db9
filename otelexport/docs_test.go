package otelexport

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// TestTheDocumentationListsAllMetrics and no others.
func TestTheDocumentationListsAllMetrics(t *testing.T) {
	page, err := os.ReadFile("../docs/opentelemetry.md")
	must(t, err)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `.*$").FindAllString(string(page), -1) {
		first := regexp.MustCompile(`^\|[^|]*\|`).FindString(row)
		for _, m := range regexp.MustCompile("`((?:db|pooled)\\.[a-z_.]+)`").FindAllStringSubmatch(first, -1) {
			documented = append(documented, m[1])
		}
	}
	db := openFake(t, fakedriver.New(fakedriver.PGX))
	drainAll(t, db, "SELECT 1")
	var exported []string
	for name := range newReader(t, poolOf(t, db)).collect() {
		exported = append(exported, name)
	}
	slices.Sort(documented)
	slices.Sort(exported)
	if !slices.Equal(documented, exported) {
		t.Errorf("documented\n\t%q, exported\n\t%q", documented, exported)
	}
}
