package migrate_test

import (
	"strings"
	"testing"

	"github.com/pooledsql/pooled/migrate"
)

// Some letters are longer in capitals, some shorter.
func TestPlanTriesAnIndexBehindLettersOfAnyKind(t *testing.T) {
	r := newRig(t, kinds[0])
	do(t, r.db, "CREATE TABLE a (id int)")
	for _, letter := range []string{"ɐ", "ı", "x"} {
		m := newMigrator(t, r.db, files("00001_i.sql", "-- +goose NO TRANSACTION\n"+
			file("CREATE /* "+strings.Repeat(letter, 40)+" */ INDEX CONCURRENTLY i ON a (id);", "DROP INDEX i;")))
		plan, err := m.Plan(t.Context(), migrate.PlanOptions{})
		if err != nil || !plan.Tried || plan.Groups[0].Migrations[0].Statements[0].Untried != "" {
			t.Errorf("%s: %+v %v", letter, plan, err)
		}
	}
}
