package migrate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/migrate"
)

// What a statement left in its session for those behind it is gone with the
// session: a run that goes on in another must not work with something else.
func TestRunDoesNotGoOnWithVariablesOfAnotherSession(t *testing.T) {
	for name, c := range map[string]struct {
		statements string
		lost       string // the statement that an error must name; "": it goes on
	}{
		"set":       {"INSERT INTO a VALUES (NULL);\nSET @id = LAST_INSERT_ID();\nCREATE TABLE c (id int BROKEN);\nINSERT INTO b VALUES (@id);", "statement 2 (line 3)"},
		"select":    {"INSERT INTO a VALUES (NULL);\nSELECT max(id) INTO @id FROM a;\nCREATE TABLE c (id int BROKEN);\nINSERT INTO b VALUES (@id);", "statement 2 (line 3)"},
		"insert id": {"INSERT INTO a VALUES (NULL);\nCREATE TABLE c (id int BROKEN);\nINSERT INTO b VALUES (LAST_INSERT_ID());", "statement 3 (line 4)"},
		"unused":    {"INSERT INTO a VALUES (NULL);\nSET @id = LAST_INSERT_ID();\nINSERT INTO b VALUES (@id);\nCREATE TABLE c (id int BROKEN);", ""},
		"own":       {"INSERT INTO a VALUES (NULL);\nCREATE TABLE c (id int BROKEN);\nINSERT INTO a VALUES (NULL);\nINSERT INTO b VALUES (LAST_INSERT_ID() - 1);", ""},
		"constant":  {"SET @id = 1;\nINSERT INTO a VALUES (@id);\nCREATE TABLE c (id int BROKEN);\nINSERT INTO b VALUES (@id);", ""},
		"dump":      {"SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO';\nCREATE TABLE c (id int BROKEN);\nINSERT INTO b VALUES (1);\nSET SQL_MODE=@OLD_SQL_MODE;", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, kinds[1])
			do(t, r.db, "CREATE TABLE a (id int AUTO_INCREMENT PRIMARY KEY)", "CREATE TABLE b (id int)")
			set := files("00001_x.sql", file(c.statements, "SELECT 1;"))
			if _, err := newMigrator(t, r.db, set).Up(t.Context()); err == nil {
				t.Fatal("it ran")
			}
			_, err := newMigrator(t, r.db, change(set, "00001_x.sql", replace(" BROKEN", ""))).Up(t.Context())
			switch {
			case c.lost == "" && err != nil:
				t.Error(err)
			case c.lost == "" && ask[int](t, r.db, "SELECT count(*) FROM b WHERE id = 1") != 1:
				t.Error("b has another row")
			case c.lost != "" && (!errors.Is(err, migrate.ErrUndecided) || !strings.Contains(err.Error(), c.lost)):
				t.Errorf("%v; b: %d", err, ask[int](t, r.db, "SELECT coalesce(max(id), -1) FROM b"))
			}
		})
	}
}
