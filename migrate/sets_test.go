package migrate_test

import (
	"fmt"
	"testing/fstest"
)

// tenMySQL and tenPostgres are sets of ten files with all that makes a way back
// hard: several statements, changes of rows and of the schema in one file,
// routines, views, settings of the session.
var tenMySQL = files(
	"00001_base.sql", file("CREATE TABLE a (id int PRIMARY KEY, name varchar(20));\nCREATE TABLE b (id int PRIMARY KEY, a_id int, KEY (a_id));",
		"DROP TABLE b;\nDROP TABLE a;"),
	"00002_rows.sql", file("INSERT INTO a VALUES (1, 'one');\nINSERT INTO a VALUES (2, 'two');\nINSERT INTO b VALUES (1, 1);",
		"DELETE FROM b;\nDELETE FROM a;"),
	"00003_columns.sql", file("ALTER TABLE a ADD COLUMN x int NOT NULL DEFAULT 0;\nUPDATE a SET x = x + id;\nALTER TABLE a ADD COLUMN y int;",
		"ALTER TABLE a DROP COLUMN y;\nALTER TABLE a DROP COLUMN x;"),
	"00004_keys.sql", file("CREATE INDEX a_x ON a (x);\nALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a_id) REFERENCES a (id);",
		"ALTER TABLE b DROP FOREIGN KEY b_a;\nDROP INDEX a_x ON a;"),
	"00005_view.sql", file("CREATE VIEW v AS SELECT id, x FROM a;", "DROP VIEW v;"),
	"00006_code.sql", file("-- +goose StatementBegin\nCREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND;\n-- +goose StatementEnd\n"+
		"-- +goose StatementBegin\nCREATE TRIGGER tr BEFORE INSERT ON b FOR EACH ROW\nBEGIN\n  SET NEW.a_id = coalesce(NEW.a_id, 1);\nEND;\n-- +goose StatementEnd",
		"DROP TRIGGER tr;\nDROP PROCEDURE p;"),
	"00007_settings.sql", file("SET FOREIGN_KEY_CHECKS = 0;\nCREATE TABLE c (id int PRIMARY KEY, later_id int, CONSTRAINT c_l FOREIGN KEY (later_id) REFERENCES later (id));\n"+
		"CREATE TABLE later (id int PRIMARY KEY);\nSET FOREIGN_KEY_CHECKS = 1;",
		"DROP TABLE c;\nDROP TABLE later;"),
	"00008_no_tx.sql", "-- +goose NO TRANSACTION\n"+file("INSERT INTO a VALUES (3, 'three', 3, 3);\nOPTIMIZE TABLE a;\nINSERT INTO a VALUES (4, 'four', 4, 4);",
		"DELETE FROM a WHERE id IN (3, 4);"),
	"00009_own_tx.sql", file("START TRANSACTION;\nUPDATE a SET x = x + 10 WHERE id = 1;\nUPDATE a SET x = x + 10 WHERE id = 2;\nCOMMIT;",
		"UPDATE a SET x = id;"),
	"00010_rename.sql", file("RENAME TABLE b TO b2;\nALTER TABLE b2 ADD COLUMN z int;", "ALTER TABLE b2 DROP COLUMN z;\nRENAME TABLE b2 TO b;"),
)

var tenPostgres = files(
	"00001_base.sql", file("CREATE TABLE a (id int PRIMARY KEY, name varchar(20));\nCREATE TABLE b (id int PRIMARY KEY, a_id int);",
		"DROP TABLE b;\nDROP TABLE a;"),
	"00002_rows.sql", file("INSERT INTO a VALUES (1, 'one');\nINSERT INTO a VALUES (2, 'two');\nINSERT INTO b VALUES (1, 1);",
		"DELETE FROM b;\nDELETE FROM a;"),
	"00003_columns.sql", file("ALTER TABLE a ADD COLUMN x int NOT NULL DEFAULT 0;\nUPDATE a SET x = x + id;\nALTER TABLE a ADD COLUMN y int;",
		"ALTER TABLE a DROP COLUMN y;\nALTER TABLE a DROP COLUMN x;"),
	"00004_keys.sql", file("CREATE INDEX a_x ON a (x);\nALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a_id) REFERENCES a (id);",
		"ALTER TABLE b DROP CONSTRAINT b_a;\nDROP INDEX a_x;"),
	"00005_enum.sql", file("CREATE TYPE mood AS ENUM ('sad', 'ok');\nALTER TABLE a ADD COLUMN m mood;", "ALTER TABLE a DROP COLUMN m;\nDROP TYPE mood;"),
	"00006_value.sql", file("ALTER TYPE mood ADD VALUE 'happy';", "SELECT 1;"),
	"00007_use.sql", file("UPDATE a SET m = 'happy';\nCREATE VIEW v AS SELECT id, m FROM a;", "DROP VIEW v;"),
	"00008_concurrently.sql", "-- +goose NO TRANSACTION\n"+file("CREATE INDEX CONCURRENTLY a_name ON a (name);\nUPDATE a SET x = x + 10;\nVACUUM a;\nCREATE INDEX CONCURRENTLY a_y ON a (y);",
		"DROP INDEX CONCURRENTLY a_y;\nUPDATE a SET x = x - 10;\nDROP INDEX CONCURRENTLY a_name;"),
	"00009_code.sql", file("-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n  RETURN 1;\nEND;\n$$ LANGUAGE plpgsql;\n-- +goose StatementEnd",
		"DROP FUNCTION f();"),
	"00010_rename.sql", file("ALTER TABLE b RENAME TO b2;\nALTER TABLE b2 ADD COLUMN z int;", "ALTER TABLE b2 DROP COLUMN z;\nALTER TABLE b2 RENAME TO b;"),
)

// twenty is a set that counts how often each file ran.
var twenty = func() fstest.MapFS {
	out := files("00001_log.sql", file("CREATE TABLE log (n int);\nINSERT INTO log VALUES (1);", "DROP TABLE log;"))
	for i := 2; i <= 20; i++ {
		out[fmt.Sprintf("%05d_t.sql", i)] = files("x", file(
			fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY);\nINSERT INTO log VALUES (%d);\nALTER TABLE t%d ADD COLUMN x int;", i, i, i),
			fmt.Sprintf("DROP TABLE t%d;", i)))["x"]
	}
	return out
}()
