package pooled

import (
	"slices"
	"strings"
	"testing"
)

var digestCases = []struct {
	flavor Flavor
	query  string
	want   string
}{
	{Postgres, "select * from T where A = 'x' -- c", "SELECT * FROM T WHERE A = ?"},
	{Postgres, "SELECT  *\nFROM t /* c */ WHERE a=-1", "SELECT * FROM t WHERE a = ?"},
	{Postgres, "select count ( * ) from \"Users\" u", `SELECT count(*) FROM "Users" u`},
	{Postgres, "SELECT a FROM t WHERE b IN ($1, $2,3, 'x')", "SELECT a FROM t WHERE b IN (?)"},
	{Postgres, "SELECT a FROM t WHERE b NOT IN (-1, +2)", "SELECT a FROM t WHERE b NOT IN (?)"},
	{Postgres, "SELECT a FROM t WHERE (a, b) IN ((1, 2), (3, 4))", "SELECT a FROM t WHERE (a, b) IN ((?))"},
	{Postgres, "SELECT a FROM t WHERE b IN (c, 1, 2)", "SELECT a FROM t WHERE b IN (c, ?)"},
	{Postgres, "SELECT a FROM t WHERE b IN (SELECT 1, 1, 1)", "SELECT a FROM t WHERE b IN (SELECT ?, ?, ?)"},
	{Postgres, "insert into t (a, b) values (1, 'x'), (2, 'y'), (3, 'z') returning a", "INSERT INTO t (a, b) VALUES (?) RETURNING a"},
	{Postgres, "insert into t values (1, now()), (2, now())", "INSERT INTO t VALUES (?, now())"},
	{Postgres, "insert into t values (1, default), (2, 3)", "INSERT INTO t VALUES (?, DEFAULT), (?)"},
	{Postgres, "insert into t values ($1::int), ($2::int)", "INSERT INTO t VALUES (?::INT)"},
	{Postgres, "SELECT ARRAY[1, 2, 3], a[1]", "SELECT ARRAY[?], a[?]"},
	{Postgres, "SELECT f(1, 2)", "SELECT f(?, ?)"},
	{Postgres, "SELECT E'a\\'b' || $$c$$ || U&'d' || x'1f' || B'01'", "SELECT ? || ? || ? || ? || ?"},
	{Postgres, "SELECT a - 1, a -1, - 1, -a, 2-1", "SELECT a - ?, a - ?, ?, - a, ? - ?"},
	{Postgres, "SELECT * FROM t WHERE j ? 'k' AND j ?| array['a','b'] AND x = ?", "SELECT * FROM t WHERE j ? ? AND j ?| ARRAY[?] AND x = ?"},
	{Postgres, "SELECT a FROM t WHERE b IS NULL AND c IS NOT TRUE AND d = NULL AND e = true", "SELECT a FROM t WHERE b IS NULL AND c IS NOT TRUE AND d = ? AND e = ?"},
	{Postgres, "SELECT a.select, a.\"Select\" FROM schema.tab a", "SELECT a.select, a.\"Select\" FROM schema.tab a"},
	{Postgres, "SELECT t.NAME, Data.x, cast(a AS INTEGER), \"Name\" AS Type, Value FROM T", "SELECT t.name, data.x, CAST (a AS integer), \"Name\" AS type, value FROM T"},
	{Postgres, "SELECT interval '1' Day, day FROM t", "SELECT INTERVAL ? DAY, day FROM t"},
	{Postgres, "SELECT 1; SELECT 2;", "SELECT ?; SELECT ?"},
	{Postgres, "BEGIN", "BEGIN"},
	{Postgres, "", ""},
	{Postgres, "create role a password 'secret'", "CREATE ROLE a PASSWORD ?"},
	{Postgres, "SELECT 'unterminated secret", "SELECT ?"},
	{Postgres, "SELECT \"unterminated secret", "SELECT ?"},
	{MySQL, "select * from `T` where A = \"x\" # c", "SELECT * FROM `T` WHERE A = ?"},
	{MySQL, "select 'a' 'b', _utf8'c'", "SELECT ?, _utf8 ?"},
	{MySQL, "select Cast(a as signed), row_number() over w, t.Status, Type from dual", "SELECT CAST(a AS SIGNED), ROW_NUMBER() OVER w, t.status, type FROM DUAL"},
	{MySQL, "insert into t values (1, 2), (3, 4) on duplicate key update a = values(a)", "INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES (a)"},
	{MySQL, "VALUES ROW(1, 2), ROW(3, 4)", "VALUES ROW (?)"},
	{MySQL, "select * from t where a in (?, ?, ?) limit 10, 20", "SELECT * FROM t WHERE a IN (?) LIMIT ?, ?"},
	{MySQL, "select /*+ HINT */ /*!50000 straight_join */ a from t", "SELECT STRAIGHT_JOIN a FROM t"},
	{MySQL, "set @a = 1, @@session.b = 'c'", "SET @a = ?, @@session.b = ?"},
	{MySQL, "create user 'bob'@'host' identified by 'secret'", "CREATE USER ? @'?' IDENTIFIED BY ?"},
	{MySQL, "select * from \"t\" where a = \"b\"", "SELECT * FROM \"t\" WHERE a = ?"},
	{MySQL, "select @ .a, @b .c", "SELECT @ .a, @b .c"},
	{Postgres, "SELECT 'a' INTO 'b' \"c\"(1)", "SELECT ? INTO ? \"c\"(?)"},
	{MySQL, "select 5--1", "SELECT ? - ?"},
}

func TestDigest(t *testing.T) {
	for _, c := range digestCases {
		if s := Classify(c.flavor, c.query); s.Digest != c.want {
			t.Errorf("%s %q:\n got %q\nwant %q", c.flavor, c.query, s.Digest, c.want)
		}
	}
}

// TestFingerprintIgnores pairs texts that differ in keyword case, literals,
// lists, comments and blanks alone.
func TestFingerprintIgnores(t *testing.T) {
	for _, c := range []struct {
		f    Flavor
		a, b string
	}{
		{Postgres, "SELECT a FROM t ORDER BY a DESC NULLS LAST FETCH FIRST 1 ROWS ONLY", "select a from t order by a desc nulls last fetch first 20 rows only"},
		{Postgres, "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED", "begin transaction isolation level read committed"},
		{Postgres, "SELECT EXTRACT(YEAR FROM a) FROM t", "SELECT EXTRACT(year FROM a)\nFROM t"},
		{Postgres, "CREATE TABLE IF NOT EXISTS t (name TEXT NOT NULL DEFAULT 'x')", "create table if not exists t (name text not null default 'y')"},
		{Postgres, "CREATE ROLE r WITH PASSWORD 'a'", "create role r with password 'b'"},
		{Postgres, "INSERT INTO t (a) VALUES (1), (2) ON CONFLICT DO NOTHING", "insert into t (a) values ($1) on conflict do nothing"},
		{Postgres, "SELECT a FROM t WHERE b = 'x' /* c */ AND c = -1", "SELECT a\nFROM t WHERE b=$1 AND c=2 -- d"},
		{Postgres, "SELECT a FROM t WHERE b IN (1,2,3)", "SELECT a FROM t WHERE b IN (:a)"},
		{MySQL, "SELECT a FROM t WHERE b > NOW() - INTERVAL 1 DAY", "select a from t where b > NOW() - interval 20 day"},
		{MySQL, "SHOW FULL TABLES LIKE 'a%'", "show full tables like 'b'"},
		{MySQL, "SHOW GLOBAL STATUS", "show global status"},
		{MySQL, "INSERT IGNORE INTO t VALUES (1, 'a')", "insert ignore into t values (?, ?), (?, ?)"},
		{MySQL, "START TRANSACTION WITH CONSISTENT SNAPSHOT", "start transaction with consistent snapshot"},
		{MySQL, "CREATE USER 'a'@'b' IDENTIFIED BY 'c'", "create user 'd'@'e' identified by \"f\""},
	} {
		a, b := Classify(c.f, c.a), Classify(c.f, c.b)
		if a.Fingerprint != b.Fingerprint {
			t.Errorf("%s: %q and %q", c.f, a.Digest, b.Digest)
		}
	}
}

func TestNearMissesKeepTheirOwnFingerprint(t *testing.T) {
	queries := []string{
		"SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE c = 1", "SELECT a FROM u WHERE b = 1", "SELECT a FROM t WHERE b <> 1",
		"SELECT a FROM t WHERE b < 1", "SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b IS NOT NULL", "SELECT A FROM t WHERE b = 1",
		"SELECT a FROM t WHERE b = -c", "SELECT a FROM t WHERE b = c", "SELECT a, 1 FROM t WHERE b = 1", "SELECT DISTINCT a FROM t WHERE b = 1",
		"SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b NOT IN (1)", "SELECT a FROM t WHERE b = 1 FOR UPDATE", "SELECT a FROM s.t WHERE b = 1",
		"SELECT \"a\" FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 1 LIMIT 1", "SELECT f(1) FROM t", "SELECT f(1, 2) FROM t", "SELECT f(a) FROM t",
		"SELECT a FROM t WHERE b IS TRUE", "SELECT a FROM t WHERE b IS FALSE", "SELECT a FROM t WHERE b OR c", "SELECT a FROM t WHERE b AND c",
	}
	for _, f := range []Flavor{Postgres, MySQL} {
		seen := map[uint64]string{}
		for _, q := range queries {
			s := Classify(f, q)
			if old, ok := seen[s.Fingerprint]; ok {
				t.Errorf("%s %q and %q share a fingerprint", f, q, old)
			}
			seen[s.Fingerprint] = q
		}
	}
}

// TestFingerprintIsStable pins values: they are stored outside the process and
// must never change.
func TestFingerprintIsStable(t *testing.T) {
	for text, want := range map[string]uint64{
		"":                             0x519f7575b992af34,
		"SELECT ?":                     0x905b0f2f9b48cfc2,
		"SELECT a FROM t WHERE b = ?":  0xd0835e055927bd88,
		"INSERT INTO t (a) VALUES (?)": 0xbe49590817b04abf,
	} {
		if got := fingerprint([]byte(text)); got != want {
			t.Errorf("%q: %#x, want %#x", text, got, want)
		}
	}
}

func TestTables(t *testing.T) {
	for _, c := range []struct {
		f     Flavor
		query string
		want  string
	}{
		{Postgres, "SELECT * FROM a, b JOIN c ON true, LATERAL (SELECT * FROM d) x", "a b c d"},
		{Postgres, "SELECT * FROM Schema.Tab, \"Other\".\"T\"", "Schema.Tab Other.T"},
		{Postgres, "INSERT INTO a SELECT * FROM b", "a b"},
		{Postgres, "UPDATE a SET x = b.x FROM b WHERE EXISTS (SELECT 1 FROM c)", "a b c"},
		{Postgres, "DELETE FROM a USING b, c WHERE a.x = b.x", "a b c"},
		{Postgres, "MERGE INTO a USING (SELECT * FROM b) s ON true WHEN MATCHED THEN UPDATE SET x = 1", "a b"},
		{Postgres, "WITH x AS (SELECT * FROM a) SELECT * FROM x JOIN b ON true", "a b"},
		{Postgres, "WITH a AS (SELECT * FROM a) SELECT * FROM a", "a"},
		{Postgres, "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r", ""},
		{Postgres, "SELECT extract(year FROM d), substring(x FROM 1 FOR 2), trim(both FROM y) FROM t", "t"},
		{Postgres, "SELECT a IS DISTINCT FROM b FROM t", "t"},
		{Postgres, "SELECT * FROM generate_series(1, 2) g JOIN t ON true", "t"},
		{Postgres, "SELECT * FROM ONLY t, ONLY (u)", "t u"},
		{Postgres, "SELECT * FROM (a JOIN b USING (id)) JOIN c USING (id)", "a b c"},
		{Postgres, "TABLE t", "t"},
		{Postgres, "CREATE TABLE a (x int REFERENCES b (y))", "a b"},
		{Postgres, "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (x)", "a"},
		{Postgres, "DROP TABLE IF EXISTS a, b CASCADE", "a b"},
		{Postgres, "TRUNCATE a, ONLY b", "a b"},
		{Postgres, "ALTER TABLE IF EXISTS ONLY a ADD COLUMN x int", "a"},
		{Postgres, "COPY a (x, y) FROM STDIN", "a"},
		{Postgres, "COPY (SELECT * FROM a) TO STDOUT", "a"},
		{Postgres, "LOCK TABLE a, b IN SHARE MODE", "a b"},
		{Postgres, "VACUUM (FULL, ANALYZE) a (x), b", "a b"},
		{Postgres, "EXPLAIN ANALYZE DELETE FROM a", "a"},
		{Postgres, "GRANT SELECT ON TABLE a TO b", "a"},
		{Postgres, "GRANT USAGE ON SEQUENCE a TO b", "a"},
		{Postgres, "SELECT * FROM ROWS FROM (f(1, 2), g(3)) x, a", "a"},
		{Postgres, "SELECT rows FROM a", "a"},
		{Postgres, "SELECT * FROM rows", "rows"},
		{Postgres, "SELECT * FROM (VALUES (int '1', x), (int '2', y)) v, a", "a"},
		{Postgres, "SELECT * FROM values", "values"},
		{Postgres, "COPY (DELETE FROM a RETURNING *) TO STDOUT", "a"},
		{Postgres, "COPY (INSERT INTO a SELECT * FROM b RETURNING *) TO STDOUT", "a b"},
		{Postgres, "INSERT INTO temp VALUES (1)", "temp"},
		{Postgres, "SELECT * INTO TEMP a FROM b", "a b"},
		{Postgres, "CREATE TABLE a (LIKE b INCLUDING ALL, x int CHECK (x LIKE y), LIKE c)", "a b c"},
		{Postgres, "CREATE STATISTICS s (mcv) ON x, (f(y)) FROM a", "a"},
		{Postgres, "ALTER TABLE a INHERIT b", "a b"},
		{Postgres, "ALTER TABLE a DROP x, NO INHERIT b, ADD y int", "a b"},
		{Postgres, "ALTER TABLE a NO INHERIT b", "a b"},
		{Postgres, "ALTER TABLE a ADD CHECK (x > 0) NO INHERIT NOT VALID", "a"},
		{Postgres, "ALTER TABLE a ALTER CONSTRAINT c NO INHERIT, ADD y int", "a"},
		{Postgres, "ALTER RULE r ON a RENAME TO s", "a"},
		{Postgres, "CREATE RULE r AS ON INSERT TO a DO NOTHING", "a"},
		{Postgres, "ALTER TRIGGER r ON a DEPENDS ON EXTENSION e", "a"},
		{Postgres, "CREATE CONSTRAINT TRIGGER r AFTER UPDATE ON a FROM b FOR EACH ROW EXECUTE FUNCTION f()", "a b"},
		{Postgres, "ALTER PUBLICATION p ADD TABLE a (x), b", "a b"},
		{Postgres, "ALTER TABLE a ADD x int, ADD y int", "a"},
		{Postgres, "IMPORT FOREIGN SCHEMA s LIMIT TO (a, b) FROM SERVER v INTO w", "a b"},
		{MySQL, "SELECT * FROM `a`.`b` AS c, `d`", "a.b d"},
		{MySQL, "SELECT 1 FROM DUAL", ""},
		{MySQL, "INSERT a VALUES (1)", "a"},
		{MySQL, "INSERT IGNORE INTO a (x) SELECT y FROM b", "a b"},
		{MySQL, "REPLACE a SET x = 1", "a"},
		{MySQL, "UPDATE a, b JOIN c SET a.x = 1", "a b c"},
		{MySQL, "DELETE a FROM a JOIN b USING (id)", "a b"},
		{MySQL, "SELECT * FROM a STRAIGHT_JOIN b FORCE INDEX FOR JOIN (i)", "a b"},
		{MySQL, "SELECT STRAIGHT_JOIN x, y FROM a, b", "a b"},
		{MySQL, "SELECT * FROM (SELECT DISTINCT STRAIGHT_JOIN x FROM a) y", "a"},
		{MySQL, "INSERT INTO a SELECT * FROM b ON DUPLICATE KEY UPDATE x = 1, y = 2", "a b"},
		{MySQL, "INSERT INTO temp VALUES (1)", "temp"},
		{MySQL, "WITH c AS (SELECT * FROM a) UPDATE b, c SET b.x = c.x", "a b"},
		{MySQL, "DROP TABLES IF EXISTS a, b", "a b"},
		{MySQL, "REVOKE SELECT, INSERT (x) ON a FROM u@h", ""},
		{MySQL, "SHOW COLUMNS FROM a FROM b", "a"},
		{MySQL, "SHOW CREATE SEQUENCE a", "a"},
		{MySQL, "DESC a", "a"},
		{MySQL, "DESC `a`.`b` `x`", "a.b"},
		{MySQL, "ALTER TABLE a RENAME TO b", "a b"},
		{MySQL, "RENAME TABLE a TO b, c TO d", "a b c d"},
		{MySQL, "LOCK TABLES a READ, b WRITE", "a b"},
		{MySQL, "LOAD DATA INFILE 'x' INTO TABLE a", "a"},
		{MySQL, "ANALYZE TABLE a, b", "a b"},
	} {
		s := Classify(c.f, c.query)
		if got := strings.Join(s.Tables, " "); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.f, c.query, got, c.want)
		}
	}
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		f     Flavor
		query string
		want  string
	}{
		{Postgres, "SELECT * FROM songs, artists WHERE songs.artist_id = artists.id", "SELECT songs artists"},
		{Postgres, "INSERT INTO shipping_details (order_id) SELECT id FROM orders", "INSERT shipping_details SELECT orders"},
		{Postgres, "SELECT * FROM (SELECT * FROM wuser_table)", "SELECT SELECT wuser_table"},
		{Postgres, "WITH x AS (SELECT * FROM a) SELECT * FROM x", "SELECT a SELECT"},
		{Postgres, "CREATE TABLE t (a int)", "CREATE TABLE t"},
		{Postgres, "BEGIN", "BEGIN"},
		{Postgres, "SET a = 1", "SET"},
		{Postgres, "EXPLAIN SELECT * FROM t", "EXPLAIN SELECT t"},
		{Postgres, "", ""},
		{MySQL, "UPDATE `my table` SET a = 1", "UPDATE my table"},
	} {
		if s := Classify(c.f, c.query); s.Summary != c.want {
			t.Errorf("%s %q: %q, want %q", c.f, c.query, s.Summary, c.want)
		}
	}
	long := Classify(Postgres, "SELECT * FROM "+strings.Repeat("a_rather_long_name_of_a_table, ", 40)+"t")
	if len(long.Summary) > maxSummary || strings.HasSuffix(long.Summary, "_") {
		t.Errorf("%d bytes: %q", len(long.Summary), long.Summary)
	}
	if !slices.Equal(long.Tables, []string{"a_rather_long_name_of_a_table", "t"}) {
		t.Errorf("tables %q", long.Tables)
	}
}
