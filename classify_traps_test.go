package pooled

import (
	"strings"
	"testing"
)

// The texts below are one on a line. Those that are careful write, lock, change
// the session or run code that is not shown; those that only read call something
// whose second run may matter, or whose answer belongs to the session.

const postgresSafeTexts = `
SELECT a FROM t WHERE b = 1 FETCH FIRST 3 ROWS WITH TIES
SELECT a, row_number() OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES)
SELECT sum(a) OVER (ORDER BY b RANGE BETWEEN '1 day' PRECEDING AND '1 day' FOLLOWING) FROM t
SELECT grouping(a, b) FROM t GROUP BY ROLLUP (a, b)
SELECT a, count(*) FROM t GROUP BY GROUPING SETS ((a, b), (a), ())
SELECT * FROM t, LATERAL (SELECT * FROM u WHERE u.a = t.a) x
SELECT * FROM t LEFT JOIN LATERAL unnest(t.a) WITH ORDINALITY AS q(v, n) ON true
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY[1])) AS r(a, b)
SELECT * FROM t TABLESAMPLE bernoulli (10) REPEATABLE (3)
SELECT * FROM json_to_recordset('[]') AS x(a int, b text)
SELECT * FROM xmltable('/a' PASSING x COLUMNS b int PATH 'c', d FOR ORDINALITY)
SELECT xmlelement(NAME a, xmlattributes(b AS c), 'd'), xmlforest(e AS f) FROM t
SELECT extract(epoch FROM now()), position('a' IN b), overlay(c PLACING 'd' FROM 1 FOR 2), trim(LEADING 'x' FROM e) FROM t
SELECT substring(a SIMILAR 'b' ESCAPE '#') FROM t
SELECT a COLLATE "C", b IS NORMALIZED, normalize(c, NFC) FROM t
SELECT random(), gen_random_uuid(), now(), clock_timestamp(), statement_timestamp(), timeofday()
SELECT current_date, current_timestamp(3), localtime, current_user, session_user, current_catalog
SELECT CURRENT_SCHEMA, current_schema(), current_database(), version()
SELECT a FROM t ORDER BY b USING < NULLS FIRST
SELECT a IS DISTINCT FROM b, (c, d) OVERLAPS (e, f), g BETWEEN SYMMETRIC 1 AND 2 FROM t
SELECT a[1:2], b['k'], c[:], d[1:] FROM t
SELECT ARRAY[[1, 2], [3]], ARRAY(SELECT a FROM t), ROW(1, 2)
SELECT a -> 'b' ->> 'c', d #> '{e}', d #>> '{f}', g @> h, i ?& ARRAY['j'], k ?| ARRAY['l'], m - 'n' FROM t
SELECT a @@ to_tsquery('b'), ts_rank(c, d), ts_headline('e', f) FROM t
SELECT 1 WHERE 'a' ~* 'b' AND 'c' !~ 'd' AND 'e' ILIKE 'f%' ESCAPE '\'
SELECT max(a) FILTER (WHERE b), string_agg(c, ',' ORDER BY d), array_agg(DISTINCT e) FROM t
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a), mode() WITHIN GROUP (ORDER BY b) FROM t
VALUES (now()), (random()::text::timestamptz)
TABLE ONLY t ORDER BY 1 LIMIT 3
SELECT DISTINCT ON (a, b) c FROM t ORDER BY a, b, c
SELECT DISTINCT ON (t.a) t.b, s.t.c FROM t
SELECT a OPERATOR(pg_catalog.+) t.b FROM t
SELECT COLLATION FOR (a), substring(b FROM 1 FOR (c)) FROM t
SELECT hashtext('a'), inet_merge(b, c), range_adjacent(d, e) FROM t
WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5) SEARCH DEPTH FIRST BY n SET o CYCLE n SET c USING p SELECT * FROM r
WITH a AS (SELECT 1), b AS NOT MATERIALIZED (SELECT * FROM a) SELECT * FROM b
SELECT "insert", "into", "for update" FROM "delete"
SELECT update.delete, insert.into FROM update, insert
SELECT a AS update, b AS delete, c AS into FROM t
SELECT $tag$ DELETE FROM t; $tag$, $$FOR UPDATE$$
SELECT U&'d\0061t\+000061', U&"d\0061t" FROM t
SELECT 1 -- FOR UPDATE
SELECT 1 /* FOR UPDATE /* nested */ INTO x */
SELECT 1;;;
; SELECT 1
EXPLAIN (ANALYZE, SERIALIZE, BUFFERS, MEMORY, WAL) SELECT a FROM t
EXPLAIN (GENERIC_PLAN) SELECT a FROM t WHERE b = $1
EXPLAIN (FORMAT JSON) INSERT INTO t VALUES (1)
EXPLAIN (VERBOSE, ANALYZE FALSE) UPDATE t SET a = 1
EXPLAIN (SETTINGS, FORMAT YAML) WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x
EXPLAIN CREATE TABLE u AS SELECT * FROM t
EXPLAIN MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE
EXPLAIN VERBOSE SELECT 1
(SELECT a FROM t LIMIT 1) UNION (SELECT b FROM u ORDER BY 1 OFFSET 2 ROWS FETCH NEXT ROW ONLY)
SELECT CASE a WHEN 1 THEN 'update' WHEN 2 THEN (SELECT 'into') ELSE NULL END FROM t
SELECT (t).*, t.*, (t.c).lower, (d).name FROM t
SELECT a::regclass, 'b'::bit(3), interval '1' day, INTERVAL(3) '1s', time with time zone '0:0' FROM t
SELECT float8 '1', date '2020-01-01', timestamp(3) '2020-01-01'
SELECT pg_catalog.count(*), pg_catalog."lower"('A') FROM pg_catalog.pg_class
SELECT pg_size_pretty(pg_total_relation_size('t')), pg_get_viewdef('v'::regclass), obj_description(1, 'pg_class')
SELECT has_table_privilege('t', 'DELETE'), to_regclass('u'), format('%I', 'into')
SELECT a FROM t WHERE b = ANY (ARRAY[1, 2]) AND c <> ALL (SELECT d FROM u) AND e = SOME ('{1}')
SELECT count(*) FROM information_schema.tables`

const postgresReadingTexts = `
SELECT txid_current()
SELECT ('s'::regclass).nextval
SELECT (1::bigint).pg_advisory_lock
SELECT ((a).b).pg_sleep FROM t
SELECT (a).b.pg_sleep, $1."pg_notify", c[1].lo_unlink FROM t
SELECT (('x'))."setseed"
SELECT (t.a).b FROM t
SELECT (ROW(1, 2)).f1, $1.g, c[1].h FROM t
SELECT (t.a)."LOWER" FROM t
SELECT pg_current_xact_id()
SELECT pg_export_snapshot()
SELECT nextval('s') + 1
SELECT a FROM t WHERE b = currval('s')
SELECT lastval()
SELECT setval('s', (SELECT max(a) FROM t))
SELECT coalesce(max(a), nextval('s')) FROM t
SELECT * FROM t ORDER BY nextval('s')
SELECT * FROM t LIMIT nextval('s')
SELECT * FROM generate_series(1, nextval('s'))
VALUES (nextval('s'))
VALUES (1), ((SELECT nextval('s')))
SELECT ARRAY[nextval('s')]
SELECT ROW(nextval('s'))
SELECT (nextval('s'))
SELECT CASE WHEN pg_try_advisory_lock(1) THEN 1 END
SELECT sum(nextval('s')) OVER ()
SELECT a FROM t WINDOW w AS (ORDER BY nextval('s'))
SELECT a FROM t GROUP BY nextval('s')
SELECT a[nextval('s')] FROM t
SELECT nextval('s')::int, 1 AS nextval
SELECT * FROM t JOIN u ON nextval('s') = 1
SELECT * FROM t TABLESAMPLE system (nextval('s'))
SELECT pg_sleep(1), pg_sleep_for('1s'), pg_sleep_until(now())
SELECT lo_create(0)
SELECT lo_put(1, 0, 'x')
SELECT lowrite(1, 'x'), loread(1, 2), lo_close(1)
SELECT lo_from_bytea(0, 'x')
SELECT lo_export(1, '/tmp/x')
SELECT * FROM dblink('host=x', 'DELETE FROM t') AS d(a int)
SELECT dblink_connect('a', 'b')
SELECT pg_read_file('/etc/passwd')
SELECT pg_ls_dir('.'), pg_read_binary_file('x'), pg_stat_file('y')
SELECT pg_notify('c', 'p')
SELECT set_config('search_path', 'x', false)
SELECT pg_catalog.set_config('search_path', 'x', false)
SELECT current_setting('a.b', true)
SELECT pg_advisory_lock(1, 2), pg_advisory_unlock_all()
SELECT pg_advisory_xact_lock_shared(1)
SELECT pg_cancel_backend(1), pg_terminate_backend(2)
SELECT pg_reload_conf(), pg_rotate_logfile(), pg_switch_wal()
SELECT pg_create_restore_point('x'), pg_backup_start('y'), pg_promote()
SELECT pg_stat_reset(), pg_stat_reset_shared('bgwriter')
SELECT pg_stat_clear_snapshot()
SELECT pg_create_logical_replication_slot('a', 'b')
SELECT pg_drop_replication_slot('a')
SELECT pg_logical_emit_message(true, 'a', 'b')
SELECT pg_replication_origin_create('a')
SELECT query_to_xml('DELETE FROM t', true, true, '')
SELECT xpath('/a', query_to_xmlschema('x', true, true, ''))
SELECT database_to_xml(true, true, ''), schema_to_xml('s', true, true, '')
SELECT ts_stat('SELECT 1')
SELECT setseed(0.5)
SELECT pg_backend_pid(), pg_my_temp_schema()
SELECT inet_client_addr(), pg_conf_load_time(), pg_trigger_depth()
SELECT my_function()
SELECT public.now()
SELECT "Now"()
SELECT my . now ()
SELECT f(a) FROM t
SELECT a FROM f(1) AS g
SELECT a FROM t, f(t.a)
SELECT a FROM LATERAL f(1) g
SELECT * FROM ROWS FROM (f(1), generate_series(1, 2))
SELECT 1 WHERE f(1)
SELECT NOT f(1)
SELECT 1 + f(1)
SELECT 'a' || f(1)
SELECT -f(1)
SELECT a LIKE f(1) FROM t
SELECT a ILIKE f(1) ESCAPE f(2) FROM t
SELECT a BETWEEN f(1) AND f(2) FROM t
SELECT a AT TIME ZONE f(1) FROM t
SELECT CAST(f(1) AS int)
SELECT count(*) FILTER (WHERE f(a)) FROM t
SELECT max(a ORDER BY f(b)) FROM t
SELECT percentile_cont(f(1)) WITHIN GROUP (ORDER BY a) FROM t
SELECT rank() OVER (PARTITION BY f(a)) FROM t
SELECT DISTINCT ON (f(a)) b FROM t
SELECT a FROM t HAVING f(1)
SELECT a FROM t OFFSET f(1)
SELECT a FROM t FETCH FIRST (f(1)) ROWS ONLY
SELECT a OPERATOR(pg_catalog.=) f(1) FROM t
SELECT a OPERATOR(my.=) 1 FROM t
SELECT DISTINCT ON (a) s.f(b) FROM t
SELECT DISTINCT ON (a) (t).f FROM t
SELECT text_eq('a', 'b')
SELECT a IN (f(1)) FROM t
SELECT EXISTS (SELECT f(1))
SELECT xmlelement(NAME a, f(1))
SELECT coalesce(f(1), 2), nullif(f(1), 1), greatest(f(2))
SELECT extract(year FROM f(1))
SELECT substring(f(1) FROM 1)
SELECT trim(f(1))
SELECT json_object('a': f(1))
SELECT a COLLATE "C" < f(1) FROM t
SELECT f(VARIADIC ARRAY[1])
SELECT f(a => 1, b := 2)
SELECT f(DISTINCT a) FROM t
SELECT "f"(1)
SELECT "s"."f"(1)
SELECT f/**/(1)
SELECT f--
(1)
SELECT plan(1), version(f(1))
SELECT key(1), value(2), name(f(1))
SELECT ALL f(1)
WITH x AS (SELECT f(1)) SELECT * FROM x
WITH x(a) AS (VALUES (f(1))) TABLE x
EXPLAIN ANALYZE SELECT nextval('s')
EXPLAIN (ANALYZE, SERIALIZE TEXT) SELECT f(1)
SELECT 1; SELECT now()`

const postgresCarefulTexts = `
SELECT a FROM t FOR UPDATE OF t SKIP LOCKED
SELECT a FROM t FOR UPDATE SKIP LOCKED LIMIT 1
SELECT a FROM t LIMIT 1 FOR NO KEY UPDATE NOWAIT
SELECT a FROM t FOR KEY SHARE FOR UPDATE OF u
SELECT a FROM t FOR SHARE OF t, u NOWAIT
TABLE t FOR SHARE
TABLE t FOR UPDATE
(TABLE t) FOR NO KEY UPDATE
SELECT * FROM (TABLE t FOR SHARE) x
SELECT * FROM (SELECT * FROM t FOR UPDATE) x JOIN u ON true
SELECT (SELECT a FROM t LIMIT 1 FOR UPDATE)
SELECT a FROM t WHERE b IN (SELECT c FROM u FOR UPDATE)
WITH x AS (SELECT a FROM t FOR UPDATE) SELECT * FROM x
WITH x AS MATERIALIZED (TABLE t FOR KEY SHARE) SELECT 1
SELECT a FROM t FOR/* x */UPDATE
SELECT a FROM t FOR -- x
 UPDATE
SELECT a FROM t for	update
SELECT'a'FOR UPDATE
SELECT 1FOR UPDATE
SELECT a FROM t ORDER BY b FOR UPDATE
SELECT a FROM t FOR READ ONLY FOR UPDATE
SELECT a INTO u FROM t
SELECT a INTO TABLE u FROM t
SELECT a INTO TEMPORARY TABLE u FROM t
SELECT a INTO UNLOGGED u FROM t
SELECT INTO u a FROM t
SELECT DISTINCT a INTO u FROM t
SELECT 1 AS a INTO u
SELECT (SELECT 1) INTO u
SELECT a INTO u FROM t UNION SELECT 1
WITH x AS (SELECT 1) SELECT * INTO u FROM x
SELECT*INTO u FROM t
SELECT"a"INTO u FROM t
SELECT $$a$$INTO u
MERGE INTO t USING u ON true WHEN MATCHED THEN DO NOTHING
MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action(), t.*
WITH x AS (MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE RETURNING a) SELECT * FROM x
WITH x AS (SELECT 1) MERGE INTO t USING x ON true WHEN MATCHED THEN UPDATE SET a = 1
INSERT INTO t SELECT * FROM u
INSERT INTO t DEFAULT VALUES RETURNING WITH (OLD AS o, NEW AS n) o.a, n.a
INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.c RETURNING *
UPDATE t SET (a, b) = (SELECT 1, 2) RETURNING WITH (OLD AS o) o.a
UPDATE ONLY t SET a = DEFAULT WHERE CURRENT OF c
DELETE FROM t USING u WHERE t.a = u.a RETURNING old.*
WITH x AS (INSERT INTO t VALUES (1) RETURNING *) TABLE x
WITH x AS (SELECT 1), y AS (UPDATE t SET a = 1) SELECT * FROM x
WITH RECURSIVE x AS (SELECT 1), y AS (DELETE FROM t RETURNING *) VALUES (1)
WITH x AS (WITH y AS (DELETE FROM t RETURNING *) SELECT * FROM y) SELECT * FROM x
WITH "x" AS (DELETE FROM t) SELECT 1
WITH x AS (/* c */ DELETE FROM t RETURNING 1) SELECT 1
WITH x AS(DELETE FROM t)SELECT 1
EXPLAIN ANALYZE INSERT INTO t VALUES (1)
EXPLAIN (ANALYZE, SERIALIZE) UPDATE t SET a = 1
EXPLAIN (ANALYZE TRUE) DELETE FROM t
EXPLAIN (VERBOSE, ANALYZE) MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE
EXPLAIN (FORMAT JSON, ANALYZE 'yes') DELETE FROM t
EXPLAIN (ANALYZE ON, TIMING OFF) SELECT a INTO u FROM t
EXPLAIN ANALYZE EXECUTE p(1)
EXPLAIN ANALYZE DECLARE c CURSOR FOR SELECT 1
EXPLAIN ANALYZE CREATE MATERIALIZED VIEW v AS SELECT 1
EXPLAIN ANALYZE REFRESH MATERIALIZED VIEW v
EXPLAIN ANALYZE SELECT a FROM t FOR UPDATE
EXPLAIN ANALYZE WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT 1
COPY t FROM STDIN
COPY t FROM PROGRAM 'cat'
COPY t TO PROGRAM 'cat'
COPY (SELECT 1) TO '/tmp/x'
COPY (WITH x AS (DELETE FROM t RETURNING 1) SELECT 1) TO STDOUT
CALL p(1)
DO 'BEGIN END'
DO LANGUAGE plpgsql $$ BEGIN NULL; END $$
CREATE TABLE t (a int DEFAULT nextval('s'))
CREATE TABLE u AS SELECT 1
CREATE TEMP TABLE u AS SELECT 1
CREATE VIEW v AS SELECT 1
CREATE MATERIALIZED VIEW v AS SELECT 1
CREATE RULE r AS ON SELECT TO t DO INSTEAD SELECT 1
CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1
REFRESH MATERIALIZED VIEW CONCURRENTLY v
ALTER SEQUENCE s RESTART
DROP TABLE IF EXISTS t
TRUNCATE t RESTART IDENTITY CASCADE
COMMENT ON TABLE t IS 'select 1'
GRANT SELECT ON t TO u
REVOKE SELECT ON t FROM u
SECURITY LABEL ON TABLE t IS 'x'
IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y
REASSIGN OWNED BY a TO b
REINDEX TABLE t
CLUSTER t
VACUUM (ANALYZE) t
ANALYZE t
CHECKPOINT
LOCK TABLE t IN ACCESS EXCLUSIVE MODE
LISTEN c
NOTIFY c, 'p'
UNLISTEN *
LOAD 'x'
SET search_path = x
SET LOCAL a = 1
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
SET ROLE x
RESET ALL
DISCARD ALL
DEALLOCATE ALL
PREPARE p AS SELECT 1
EXECUTE p
PREPARE TRANSACTION 'x'
COMMIT PREPARED 'x'
BEGIN READ ONLY
START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
COMMIT AND CHAIN
ROLLBACK TO SAVEPOINT a
SAVEPOINT a
DECLARE c CURSOR WITH HOLD FOR SELECT 1
FETCH ALL FROM c
MOVE NEXT FROM c
CLOSE c
SELECT 1; UPDATE t SET a = 1
SELECT 1;SELECT 2 FOR UPDATE
BEGIN; SELECT 1; COMMIT
SELECT 'a\'; DELETE FROM t; --'
SELECT E'a\\'; DELETE FROM t; --'
SELECT $a$ $b$; DELETE FROM t; $a$; DELETE FROM u
SELECT U&'a' UESCAPE '''' INTO u
SELECT 1 /* /* */ FOR UPDATE */ */ FOR UPDATE
VALUES (1) FOR UPDATE
(SELECT 1 FOR UPDATE) UNION ALL SELECT 2
((SELECT a FROM t FOR SHARE))
WAIT FOR LSN '0/0'
REPACK t`

// texts cuts a block. A line that begins with a blank or a parenthesis after a
// comment belongs to the one before.
func texts(block string) (list []string) {
	for line := range strings.SplitSeq(strings.TrimPrefix(block, "\n"), "\n") {
		if n := len(list); n > 0 && strings.HasSuffix(strings.TrimSpace(list[n-1]), "--") {
			list[n-1] += "\n" + line
			continue
		}
		if n := len(list); n > 0 && strings.HasSuffix(list[n-1], "-- x") {
			list[n-1] += "\n" + line
			continue
		}
		list = append(list, line)
	}
	return list
}

func TestTexts(t *testing.T) {
	count := map[Flavor]int{}
	for _, c := range []struct {
		f     Flavor
		want  verdict
		block string
	}{
		{Postgres, safe, postgresSafeTexts}, {Postgres, reads, postgresReadingTexts}, {Postgres, careful, postgresCarefulTexts},
		{MySQL, safe, mysqlSafeTexts}, {MySQL, reads, mysqlReadingTexts}, {MySQL, careful, mysqlCarefulTexts},
	} {
		for _, q := range texts(c.block) {
			count[c.f]++
			s := Classify(c.f, q)
			if got := verdictOf(&s); got != c.want {
				t.Errorf("%s %q is %s, want %s", c.f, q, got, c.want)
			}
			checkClassify(t, c.f, q)
			checkDigest(t, c.f, q)
		}
	}
	if count[Postgres] < 200 || count[MySQL] < 200 {
		t.Errorf("%v", count)
	}
}
