package pooled

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// verdict is what a table test expects of safety: the careful side of each
// claim is the shorter word.
type verdict string

const (
	safe    verdict = "safe"    // ReadOnly and Retryable
	reads   verdict = "reads"   // ReadOnly, not Retryable
	careful verdict = "careful" // neither
)

func verdictOf(s *Statement) verdict {
	switch {
	case s.Retryable && !s.ReadOnly:
		return "Retryable without ReadOnly"
	case s.Retryable:
		return safe
	case s.ReadOnly:
		return reads
	}
	return careful
}

type classifyCase struct {
	want  verdict
	query string
}

// postgresTraps are texts whose first word misleads, in many spellings.
var postgresTraps = []classifyCase{
	// Plain reads, however they are written.
	{safe, "SELECT 1"},
	{safe, "select*from t"},
	{safe, "SELECT'x'"},
	{safe, "SELECT/**/1"},
	{safe, "SELECT/* a /* nested */ comment */1"},
	{safe, "SELECT\"a\"FROM\"b\""},
	{safe, "SELECT-1"},
	{careful, "SELECT$1::int"},
	{safe, "  \n\t-- DELETE FROM t\nSELECT 1"},
	{safe, "((SELECT 1))"},
	{safe, "(SELECT 1) UNION ALL (SELECT 2)"},
	{safe, "VALUES (1), (2)"},
	{safe, "TABLE t"},
	{safe, "WITH x AS (SELECT 1) SELECT * FROM x"},
	{safe, "WITH x(a, b) AS MATERIALIZED (SELECT 1, 2), y AS NOT MATERIALIZED (TABLE t) TABLE y"},
	{safe, "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM t WHERE n < 100) SELECT sum(n) FROM t"},
	{safe, "WITH x AS (SELECT 1) (SELECT * FROM x)"},
	{safe, "SELECT 1;"},
	{safe, "SELECT 1 ; ; -- end"},
	{safe, "SELECT 1 /*traceparent='00-5bd66ef5-01',route='%2Fdelete%2Fupdate'*/"},
	{safe, "SELECT 1 -- for update"},
	{safe, "SHOW search_path"},

	// Locks.
	{careful, "SELECT * FROM t FOR UPDATE"},
	{careful, "SELECT * FROM t FOR/**/UPDATE"},
	{careful, "SELECT * FROM t FOR -- why\n UPDATE"},
	{careful, "SELECT * FROM t FOR NO KEY UPDATE"},
	{careful, "SELECT * FROM t FOR SHARE"},
	{careful, "SELECT * FROM t FOR KEY SHARE SKIP LOCKED"},
	{careful, "SELECT * FROM (SELECT * FROM t FOR UPDATE) x"},
	{careful, "SELECT (SELECT a FROM t LIMIT 1 FOR UPDATE)"},
	{careful, "(SELECT * FROM t FOR UPDATE) UNION SELECT 1"},
	{careful, "WITH x AS (SELECT * FROM t FOR UPDATE) SELECT * FROM x"},
	{careful, "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u FOR SHARE)"},
	{safe, "SELECT substring(x FROM 1 FOR 2) FROM t"},
	{safe, "SELECT overlay(x placing y from 1 for 2)"},
	{safe, "SELECT \"for update\", 'for update', $$for update$$ FROM t"},
	{safe, "SELECT t.for, t.update FROM t"},

	// INTO.
	{careful, "SELECT * INTO u FROM t"},
	{careful, "SELECT 1 INTO TEMP u"},
	{careful, "SELECT a AS x INTO u FROM t"},
	{careful, "SELECT t.as INTO u FROM t"},
	{careful, "SELECT 1 AS as INTO u"},
	{careful, "SELECT 1INTO u"},
	{careful, "SELECT 1.INTO u"},
	{careful, "SELECT 1e5INTO u"},
	{safe, "SELECT 1 AS into FROM t"},
	{safe, "SELECT t.into FROM t"},
	{safe, "SELECT 'into', \"into\" FROM t"},

	// CTEs that write.
	{careful, "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x"},
	{careful, "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x"},
	{careful, "WITH x AS MATERIALIZED (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x"},
	{careful, "WITH x AS (UPDATE \"t\" SET a = 1) SELECT 1"},
	{careful, "WITH x AS (UPDATE/**/t SET a = 1) SELECT 1"},
	{careful, "WITH x AS (MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE RETURNING *) SELECT * FROM x"},
	{careful, "WITH a AS (SELECT 1), b AS (WITH c AS (SELECT 2) DELETE FROM t RETURNING *) SELECT * FROM a, b"},
	{careful, "WITH a AS (SELECT 1) DELETE FROM t"},
	{careful, "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a"},
	{careful, "WITH RECURSIVE a AS (SELECT 1) SEARCH DEPTH FIRST BY x SET s DELETE FROM t"},
	{careful, "WITH RECURSIVE a AS (SELECT 1) SEARCH DEPTH FIRST BY x, y SET s DELETE FROM t"},
	{careful, "WITH RECURSIVE a AS (SELECT 1) CYCLE x, y SET c USING p UPDATE t SET a = 1"},
	{safe, "WITH delete AS (SELECT 1) SELECT * FROM delete"},
	{safe, "SELECT update, delete FROM t"},
	{safe, "SELECT count(delete), max(update) FROM t"},
	{safe, "SELECT (update) FROM t"},
	{safe, "SELECT a update FROM t"},

	// Writes behind EXPLAIN.
	{safe, "EXPLAIN SELECT 1"},
	{safe, "EXPLAIN DELETE FROM t"},
	{safe, "EXPLAIN VERBOSE UPDATE t SET a = 1"},
	{safe, "EXPLAIN (COSTS off) DELETE FROM t"},
	{safe, "EXPLAIN (ANALYZE off) DELETE FROM t"},
	{safe, "EXPLAIN (ANALYZE false, BUFFERS) DELETE FROM t"},
	{safe, "EXPLAIN (ANALYZE 0) DELETE FROM t"},
	{safe, "EXPLAIN (ANALYZE 'off') DELETE FROM t"},
	{safe, "EXPLAIN ANALYZE SELECT 1"},
	{safe, "EXPLAIN (ANALYZE, BUFFERS) SELECT 1"},
	{safe, "EXPLAIN (SELECT 1)"},
	{safe, "EXPLAIN ((SELECT 1))"},
	{careful, "EXPLAIN ANALYZE DELETE FROM t"},
	{careful, "EXPLAIN ANALYSE DELETE FROM t"},
	{careful, "EXPLAIN ANALYZE VERBOSE DELETE FROM t"},
	{careful, "EXPLAIN (ANALYZE) DELETE FROM t"},
	{careful, "EXPLAIN (ANALYSE) DELETE FROM t"},
	{careful, "EXPLAIN (\"analyze\") DELETE FROM t"},
	{careful, "EXPLAIN (ANALYZE on) DELETE FROM t"},
	{careful, "EXPLAIN (ANALYZE 1) DELETE FROM t"},
	{careful, "EXPLAIN (ANALYZE 'true') DELETE FROM t"},
	{careful, "EXPLAIN (ANALYZE off, ANALYZE on) DELETE FROM t"},
	{careful, "EXPLAIN (ANALYZE on, ANALYZE off) DELETE FROM t"}, // the last one wins, but this is rare enough
	{careful, "EXPLAIN (BUFFERS, ANALYZE) INSERT INTO t VALUES (1)"},
	{careful, "EXPLAIN ANALYZE SELECT * FROM t FOR UPDATE"},
	{careful, "EXPLAIN ANALYZE WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x"},
	{careful, "EXPLAIN ANALYZE EXECUTE p"},
	{careful, "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1"},
	{careful, "EXPLAIN ANALYZE (SELECT * FROM t FOR UPDATE)"},
	{careful, "EXPLAIN SELECT 1; DELETE FROM t"},
	{reads, "EXPLAIN ANALYZE SELECT nextval('s')"},
	{reads, "EXPLAIN EXECUTE p"},

	// Functions.
	{safe, "SELECT lower(a), count(*), coalesce(b, now()) FROM t"},
	{safe, "SELECT pg_catalog.lower(a) FROM t"},
	{safe, "SELECT \"lower\"(a) FROM t"},
	{safe, "SELECT count (*) FROM t"},
	{safe, "SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c ORDER BY (d)) FROM t"},
	{safe, "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t"},
	{safe, "SELECT * FROM generate_series(1, 3) g(i)"},
	{safe, "SELECT * FROM generate_series(1, 3) AS g(i)"},
	{safe, "SELECT * FROM unnest(a) WITH ORDINALITY AS u(x, n)"},
	{safe, "SELECT a::numeric(10, 2), CAST(b AS varchar(10)), '1'::character varying(3)"},
	{safe, "SELECT * FROM json_to_recordset($1) AS x(a int, b text)"},
	{safe, "SELECT * FROM t x(a, b)"},
	{safe, "SELECT * FROM a JOIN b USING (id) LEFT JOIN (SELECT 1) c ON (true)"},
	{safe, "SELECT a FROM t WHERE b IN (1) AND (c, d) = ANY (VALUES (1, 2)) AND NOT (e)"},
	{safe, "SELECT a FROM t GROUP BY ROLLUP (c)"},
	{safe, "SELECT a FROM t GROUP BY GROUPING SETS ((a), (b))"},
	{safe, "SELECT a OPERATOR(pg_catalog.+) b"},
	{reads, "SELECT nextval('s')"},
	{reads, "SELECT NextVal ('s')"},
	{reads, "SELECT nextval/**/('s')"},
	{reads, "SELECT nextval\n('s')"},
	{reads, "SELECT \"nextval\"('s')"},
	{reads, "SELECT pg_catalog.nextval('s')"},
	{reads, "SELECT pg_catalog . nextval ('s')"},
	{reads, "SELECT \"pg_catalog\".\"nextval\"('s')"},
	{reads, "SELECT public.lower(a)"},
	{reads, "SELECT db.pg_catalog.lower(a)"},
	{reads, "SELECT \"Lower\"(a)"},
	{reads, "SELECT U&\"lower\"(a)"},
	{reads, "SELECT setval('s', 1)"},
	{reads, "SELECT currval('s'), lastval()"},
	{reads, "SELECT pg_advisory_lock(1)"},
	{reads, "SELECT pg_try_advisory_xact_lock(1)"},
	{reads, "SELECT set_config('a', 'b', false)"},
	{reads, "SELECT pg_notify('a', 'b')"},
	{reads, "SELECT lo_import('/x'), lo_unlink(1)"},
	{reads, "SELECT dblink_exec('...')"},
	{reads, "SELECT pg_sleep(1)"},
	{reads, "SELECT query_to_xml('delete from t', true, true, '')"},
	{reads, "SELECT ts_stat('delete from t')"},
	{reads, "SELECT ts_rewrite('a'::tsquery, 'delete from t')"},
	{reads, "SELECT table_to_xml('t', true, true, '')"},
	{reads, "SELECT cursor_to_xml('c', 1, true, true, '')"},
	{reads, "SELECT txid_current()"},
	{reads, "SELECT pg_terminate_backend(1)"},
	{reads, "SELECT my_function(1)"},
	{reads, "SELECT * FROM my_function(1)"},
	{reads, "SELECT * FROM t, LATERAL my_function(t.a) x(b)"},
	{reads, "SELECT * FROM ROWS FROM (my_function(1)) AS x"},
	{reads, "SELECT DISTINCT ON (a) my_function(b) FROM t"},
	{reads, "SELECT now() AT TIME ZONE my_function()"},
	{reads, "SELECT a FROM t ORDER BY my_function(a)"},
	{reads, "SELECT a FROM t LIMIT my_function()"},
	{reads, "SELECT 1 OPERATOR(public.+) 2"},
	{reads, "SELECT 1 OPERATOR(pg_catalog.+) nextval('s')"},
	{reads, "SELECT rows($1), key(a), search(b)"},
	{reads, "SELECT first(a) FROM t"},
	{reads, "SELECT a FROM t TABLESAMPLE my_method(1)"},
	{reads, "SELECT current_setting('a')"},
	{careful, "SELECT 1; SELECT set_config('a', 'b', true); DROP TABLE t"},

	// Strings, where the two settings of backslashes part.
	{safe, `SELECT 'it''s'`},
	{safe, `SELECT 'C:\path'`},
	{safe, `SELECT E'it\'s'`},
	{safe, `SELECT E'a\\' , 'b'`},
	{safe, `SELECT U&'\0041'`},
	{careful, `SELECT 'a\' INTO t --'`},
	{careful, `SELECT 'a\', '; DELETE FROM t --'`},
	{careful, "SELECT E'a'\n'b\\' , ' INTO u --'"},
	{careful, "SELECT E'\\\\' INTO u --'"},
	{safe, "SELECT $$; DELETE FROM t$$"},
	{safe, "SELECT $a$ $b$ $$ ; DELETE FROM t $a$"},
	{careful, "SELECT $a$ x $a$ INTO u"},
	{careful, "SELECT a$b$ INTO u --$b$"},
	{careful, "SELECT 'unterminated"},
	{careful, "SELECT \"unterminated"},
	{careful, "SELECT $$unterminated"},
	{careful, "SELECT 1 /* unterminated"},
	{careful, "SELECT 1 /* /* */ INTO u"},
	{careful, "SELECT 1 /*/ */ INTO u --*/"},
	{careful, "SELECT 1\x00"},
	{careful, "SELECT 1 /* \x00 */"},
	{careful, "SELECT 1 --\rINTO u"},

	// Several statements.
	{careful, "SELECT 1; DELETE FROM t"},
	{reads, "SELECT 1; SELECT 2"},
	{careful, "SELECT ';'; COMMIT"},
	{careful, "SELECT (1; DELETE FROM t)"},

	// Everything else is no read.
	{careful, ""},
	{careful, ";"},
	{careful, "-- nothing"},
	{careful, "COPY (SELECT 1) TO STDOUT"},
	{careful, "COPY (DELETE FROM t RETURNING *) TO STDOUT"},
	{careful, "COPY t TO PROGRAM 'rm'"},
	{careful, "PREPARE p AS SELECT 1"},
	{careful, "PREPARE p AS DELETE FROM t"},
	{careful, "EXECUTE p"},
	{careful, "DECLARE c CURSOR FOR SELECT 1"},
	{careful, "FETCH c"},
	{careful, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END"},
	{careful, "DO $$ BEGIN DELETE FROM t; END $$"},
	{careful, "CALL p()"},
	{careful, "LOCK t"},
	{careful, "NOTIFY a"},
	{careful, "VACUUM"},
	{careful, "SELEKT 1"},
	{careful, "1"},
	{careful, "'x'"},
	{careful, "EXPLAIN"},
	{careful, "WITH x AS (SELECT 1)"},
	{careful, "HANDLER t READ FIRST"},
	{careful, "REPLACE INTO t VALUES (1)"},
}

// mysqlTraps are the same for MySQL and MariaDB.
var mysqlTraps = []classifyCase{
	{safe, "SELECT 1"},
	{safe, "select*from t"},
	{safe, "SELECT'x'"},
	{safe, "SELECT/**/1"},
	{safe, "SELECT`a`FROM`b`"},
	{safe, "SELECT 5--1"},
	{safe, "SELECT 5--1 FROM t -- comment"},
	{safe, "# DELETE\nSELECT 1"},
	{safe, "SELECT 1 # for update"},
	{safe, "(SELECT 1) UNION (SELECT 2)"},
	{safe, "TABLE t"},
	{safe, "VALUES ROW(1, 2), ROW(3, 4)"},
	{safe, "WITH x AS (SELECT 1) SELECT * FROM x"},
	{safe, "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1"},
	{safe, "SELECT SQL_CALC_FOUND_ROWS a FROM t"},
	{safe, "SELECT HIGH_PRIORITY a FROM t"},
	{safe, "SHOW TABLES"},
	{safe, "SHOW CREATE TABLE t"},
	{safe, "DESC t"},
	{safe, "DESCRIBE `t`"},
	{safe, "EXPLAIN t"},
	{safe, "EXPLAIN SELECT 1"},
	{safe, "EXPLAIN FORMAT=JSON DELETE FROM t"},
	{safe, "EXPLAIN EXTENDED SELECT 1"},
	{safe, "EXPLAIN ANALYZE SELECT 1"},
	{safe, "EXPLAIN ANALYZE FORMAT=TREE SELECT 1"},
	{safe, "ANALYZE SELECT 1"},
	{safe, "ANALYZE FORMAT=JSON SELECT 1"},
	{safe, "DESC SELECT 1"},
	{reads, "SHOW WARNINGS"},
	{reads, "SHOW COUNT(*) ERRORS"},
	{reads, "EXPLAIN FOR CONNECTION 1"},
	{reads, "EXPLAIN SELECT GET_LOCK('a', 1)"}, // older servers run subqueries to plan

	{careful, "SELECT * FROM t FOR UPDATE"},
	{careful, "SELECT * FROM t FOR SHARE"},
	{careful, "SELECT * FROM t LOCK IN SHARE MODE"},
	{careful, "SELECT * FROM t LOCK/**/IN SHARE MODE"},
	{careful, "SELECT * FROM t FOR /*!50000 UPDATE */"},
	{careful, "SELECT * FROM t FOR /* x */ UPDATE"},
	{careful, "SELECT * FROM (SELECT * FROM t FOR UPDATE) x"},
	{careful, "(SELECT * FROM t FOR UPDATE)"},
	{careful, "SELECT 1 UNION SELECT * FROM t FOR UPDATE"},
	{safe, "SELECT * FROM t USE INDEX FOR JOIN (i)"},
	{safe, "SELECT * FROM t FORCE INDEX FOR ORDER BY (i)"},
	{safe, "SELECT * FROM t FOR SYSTEM_TIME AS OF NOW()"},
	{safe, "SELECT SUBSTRING(a FROM 1 FOR 2) FROM t"},
	{safe, "SELECT `for update` FROM t"},
	{safe, "SELECT t.lock FROM t"},

	{careful, "SELECT * FROM t INTO OUTFILE '/x'"},
	{careful, "SELECT * INTO OUTFILE '/x' FROM t"},
	{careful, "SELECT a INTO DUMPFILE '/x' FROM t"},
	{careful, "SELECT a INTO @x FROM t"},
	{careful, "SELECT 1e5INTO OUTFILE '/x'"},
	{careful, "SELECT 1.5INTO @x"},
	{careful, "SELECT .5INTO @x"},
	{careful, "SELECT 1 /*!INTO OUTFILE '/x'*/"},
	{careful, "SELECT 1 /*!99999 INTO OUTFILE '/x'*/"},
	{careful, "SELECT 1 /*M!100100 INTO OUTFILE '/x'*/"},
	{safe, "SELECT 'into outfile', `into` FROM t"},

	// Executable comments, read both ways.
	{safe, "/*!50001 SELECT 1 */"},
	{safe, "SELECT /*!40001 SQL_NO_CACHE */ * FROM t"},
	{safe, "SELECT * FROM t /*!50000 FORCE INDEX (i) */ WHERE a = 1"},
	{safe, "/*!50001 SELECT 'a' /* inner */ 'b' */"},
	{careful, "/*!99999 EXPLAIN */ DELETE FROM t"},
	{careful, "/*!50000 DELETE FROM t */"},
	{careful, "/*! DELETE FROM t */"},
	{careful, "/*M! DELETE FROM t */"},
	{careful, "/*!99999 SELECT 1; */ DELETE FROM t"},
	{careful, "SELECT 1 /*!99999 ' */ INTO OUTFILE '/x' /*!99999 ' */"},
	{safe, "SELECT 1 /*!99999 # */ INTO OUTFILE '/x'\n*/"},  // skipped, it is refused as a whole
	{careful, "SELECT 1 /*!99999 # */; DELETE FROM t;\n*/"}, // but not where statements run one by one
	{careful, "SELECT 'a\\'; DELETE FROM t; SELECT '"},
	{careful, "/*!50000 EXPLAIN */ /*!99999 SELECT 1 */ DELETE FROM t"},
	{careful, "SELECT 1 /*!50000 -- */ INTO OUTFILE '/x'"},
	{careful, "SELECT 1 */ INTO OUTFILE '/x'"},
	{careful, "/*!50000 SELECT 1"},
	{careful, "/*!99999 /* */ DELETE FROM t -- */\nSELECT 1"},

	{careful, "EXPLAIN ANALYZE DELETE FROM t"},
	{careful, "EXPLAIN ANALYZE UPDATE t SET a = 1"},
	{careful, "EXPLAIN ANALYZE FORMAT=TREE DELETE FROM t"},
	{careful, "EXPLAIN FORMAT=JSON INTO @x SELECT 1"},
	{careful, "DESC ANALYZE DELETE FROM t"},
	{careful, "ANALYZE UPDATE t SET a = 1"},
	{careful, "ANALYZE FORMAT=JSON DELETE FROM t"},
	{careful, "ANALYZE TABLE t"},
	{careful, "SET STATEMENT max_statement_time = 1 FOR DELETE FROM t"},
	{careful, "SET STATEMENT max_statement_time = 1 FOR SELECT 1"},
	{careful, "XA START 'x'"},
	{careful, "HANDLER t OPEN"},
	{careful, "HANDLER t READ FIRST"},
	{careful, "EXECUTE IMMEDIATE 'DELETE FROM t'"},
	{careful, "PREPARE p FROM 'DELETE FROM t'"},
	{careful, "BEGIN NOT ATOMIC DELETE FROM t; END"},
	{careful, "DO SLEEP(1)"},
	{careful, "CALL p()"},
	{careful, "LOAD DATA INFILE 'x' INTO TABLE t"},
	{careful, "REPLACE INTO t VALUES (1)"},
	{careful, "KILL 1"},
	{careful, "SELECT 1; DELETE FROM t"},
	{reads, "SELECT 1; SELECT 2"},

	// Strings under either setting of backslashes and double quotes.
	{safe, `SELECT 'it\'s'`},
	{safe, `SELECT "it\"s", 'a'`},
	{safe, `SELECT 'a\\', 'b'`},
	{careful, `SELECT 'a\' INTO OUTFILE "/x" #'`},
	{careful, `SELECT 'a\', ' INTO OUTFILE 0x41 -- '`},
	{careful, `SELECT "a\" INTO @x -- "`},
	{careful, "SELECT 'unterminated"},
	{careful, "SELECT `unterminated"},
	{careful, "SELECT 1 /* unterminated"},
	{careful, "SELECT 1\x00"},
	{careful, "SELECT 1\xa0INTO\xa0OUTFILE '/x'"}, // A0 is a blank in latin1
	{careful, "SELECT '\xbf\\' INTO OUTFILE '/x' #'"},
	{safe, "SELECT 'é', \u00e0 FROM t"},

	// Functions and variables.
	{safe, "SELECT COUNT(*), UPPER(a), IF(b, 1, 2), REPLACE(c, 'a', 'b'), INSERT(d, 1, 2, 'x') FROM t"},
	{safe, "SELECT LEFT(a, 1), MOD(b, 2), DATE_ADD(c, INTERVAL 1 DAY), CONVERT(d USING utf8mb4) FROM t"},
	{safe, "SELECT CAST(a AS DECIMAL(10, 2)), CAST(b AS CHAR(3)) FROM t"},
	{safe, "SELECT a FROM t WHERE MATCH (a) AGAINST ('x' IN BOOLEAN MODE) AND b IN (1) AND c = ANY (SELECT 1)"},
	{safe, "SELECT a FROM t PARTITION (p0)"},
	{safe, "SELECT @@global.read_only"},
	{reads, "SELECT @x"},
	{reads, "SELECT @@session.autocommit"},
	{reads, "SELECT @x := 1"},
	{reads, "SELECT @x:=@x+1 FROM t"},
	{reads, "SELECT LAST_INSERT_ID()"},
	{reads, "SELECT FOUND_ROWS(), ROW_COUNT(), CONNECTION_ID()"},
	{reads, "SELECT GET_LOCK('a', 1)"},
	{reads, "SELECT get_lock ('a', 1)"},
	{reads, "SELECT RELEASE_LOCK('a'), SLEEP(1), BENCHMARK(1, 1)"},
	{reads, "SELECT NEXT VALUE FOR s"},
	{reads, "SELECT NEXT/**/VALUE/**/FOR s"},
	{reads, "SELECT PREVIOUS VALUE FOR s"},
	{reads, "SELECT NEXTVAL(s), LASTVAL(s), SETVAL(s, 1)"},
	{reads, "SELECT s.nextval"},
	{reads, "SELECT my_function(1)"},
	{reads, "SELECT db.upper(a)"},
	{reads, "SELECT `db`.`f`(1)"},
	{reads, "SELECT \"f\"(1)"},
	{reads, "SELECT LOAD_FILE('/x')"},
	{reads, "SELECT sys_exec('rm')"},
	{reads, "SELECT MASTER_POS_WAIT('a', 1)"},
	{reads, "SELECT UUID_SHORT()"},
	{reads, "SELECT a FROM t PROCEDURE ANALYSE()"},
	{reads, "WITH x AS (SELECT GET_LOCK('a', 1)) SELECT 1"},
	{reads, "SELECT * FROM t WHERE a = (SELECT @y := 2)"},
}

func TestTrapsAreReadCarefully(t *testing.T) {
	for _, set := range []struct {
		f     Flavor
		cases []classifyCase
	}{{Postgres, postgresTraps}, {MySQL, mysqlTraps}} {
		for _, c := range set.cases {
			s := Classify(set.f, c.query)
			if got := verdictOf(&s); got != c.want {
				t.Errorf("%s %q: %s, want %s (class %s)", set.f, c.query, got, c.want, s.Class)
			}
			quick := classifyQuick(set.f, c.query)
			if quick.class != s.Class || quick.readOnly != s.ReadOnly || quick.retryable != s.Retryable || quick.state != s.State {
				t.Errorf("%s %q: the quick way says %s %v %v", set.f, c.query, quick.class, quick.readOnly, quick.retryable)
			}
		}
	}
}

func TestTrapsStayTrapsWhenWrapped(t *testing.T) {
	// What wraps a statement must neither hide a write nor lose a read.
	wrap := map[string]func(string) string{
		"comment before": func(q string) string { return "/* SELECT 1 */ " + q },
		"line before":    func(q string) string { return "-- SELECT 1\n" + q },
		"comment behind": func(q string) string { return q + " /* route='/delete' */" },
		"blanks":         func(q string) string { return "\n\t " + q + "\n " },
		"upper":          strings.ToUpper,
		"semicolon":      func(q string) string { return q + "\n;" },
	}
	for _, set := range []struct {
		f     Flavor
		cases []classifyCase
	}{{Postgres, postgresTraps}, {MySQL, mysqlTraps}} {
		for _, c := range set.cases {
			if strings.Contains(c.query, "unterminated") || strings.ContainsAny(c.query, "\"$`") || strings.Contains(c.query, "--") ||
				strings.Contains(c.query, "#") || c.query == "" || !utf8.ValidString(c.query) {
				continue // the wrapping would become part of a name, a string or a comment
			}
			for name, f := range wrap {
				s := Classify(set.f, f(c.query))
				if got := verdictOf(&s); got != c.want {
					t.Errorf("%s %s %q: %s, want %s", set.f, name, f(c.query), got, c.want)
				}
			}
		}
	}
}
