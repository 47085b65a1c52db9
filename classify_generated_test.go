package pooled

import (
	"strings"
	"testing"
)

// grammar makes statements whose safety is known because of how they are
// made: a body that is safe or not, in a place where it decides.
type grammar struct {
	flavor Flavor
	places []string // what %s decides of the whole
	bodies []classifyCase
}

var grammars = []grammar{
	{
		flavor: Postgres,
		places: []string{
			"%s", "(%s)", "((%s))", "%s;", "/* delete */ %s", "EXPLAIN ANALYZE %s", "EXPLAIN (ANALYZE, COSTS off) %s",
			"SELECT * FROM (%s) q", "SELECT * FROM (%s) AS q(a)", "SELECT (%s)", "SELECT 1 AS into, (%s) AS update FROM t",
			"WITH q AS (%s) SELECT * FROM q", "WITH q(a) AS MATERIALIZED (%s), r AS (SELECT 1) SELECT * FROM q, r",
			"WITH RECURSIVE r AS (SELECT 1), q AS NOT MATERIALIZED (%s) TABLE q", "WITH q AS (SELECT 1) (%s)",
			"SELECT 1 WHERE EXISTS (%s)", "SELECT a FROM t WHERE a IN (%s)", "SELECT a FROM t WHERE a = ANY (%s)",
			"(SELECT 1) UNION ALL (%s)", "(%s) EXCEPT SELECT 1", "SELECT * FROM t CROSS JOIN LATERAL (%s) q",
			"SELECT * FROM t LEFT JOIN (%s) q ON (true)", "SELECT CASE WHEN b THEN (%s) END FROM t", "SELECT ARRAY(%s)",
			"SELECT coalesce((%s), 1)", "SELECT a[(%s)] FROM t", "SELECT count(*) FILTER (WHERE a > (%s)) OVER (ORDER BY b) FROM t",
			"SELECT a FROM t GROUP BY a HAVING a > (%s)", "SELECT a FROM t ORDER BY (%s)", "SELECT a FROM t LIMIT (%s)",
			"VALUES ((%s), 2)", "SELECT DISTINCT ON ((%s)) a FROM t",
		},
		bodies: []classifyCase{
			{safe, "SELECT a FROM t"},
			{safe, "SELECT a, lower(b) FROM t WHERE c = $1 AND d BETWEEN 1 AND 2"},
			{safe, "SELECT substring(a FROM 1 FOR 2) FROM t"},
			{safe, "SELECT max(a) FROM s.t u JOIN v USING (b) WHERE u.for = 1"},
			{safe, "SELECT g.i FROM generate_series(1, 2) g(i)"},
			{safe, "SELECT $a$ for update $a$"},
			{safe, "SELECT E'\\'', 'it''s', \"for update\" FROM t"},
			{safe, "VALUES (1), (2)"},
			{careful, "SELECT a FROM t FOR UPDATE"},
			{careful, "SELECT a FROM t FOR NO KEY UPDATE OF t NOWAIT"},
			{careful, "SELECT a FROM t LIMIT 1 FOR SHARE SKIP LOCKED"},
			{careful, "SELECT a FROM t FOR KEY SHARE"},
			{careful, "SELECT a INTO u FROM t"},
			{careful, "WITH w AS (DELETE FROM t RETURNING a) SELECT a FROM w"},
			{careful, "WITH w AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM w"},
			{careful, "WITH w AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM w"},
			{careful, "WITH w AS (WITH x AS (SELECT 1) UPDATE t SET a = 1 RETURNING a) SELECT a FROM w"},
			{reads, "SELECT nextval('s')"},
			{reads, "SELECT a FROM t WHERE pg_try_advisory_lock(a)"},
			{reads, "SELECT a FROM f(1)"},
			{reads, "SELECT a FROM t, f(1) g(b)"},
			{reads, "SELECT s.lower(a) FROM t"},
			{reads, "SELECT DISTINCT ON (a) f(b) FROM t"},
			{reads, "SELECT a OPERATOR(pg_catalog.+) f(b) FROM t"},
			{reads, "SELECT a AT TIME ZONE f(b) FROM t"},
			{reads, "SELECT \"f\"(a) FROM t"},
			{reads, "SELECT a FROM t TABLESAMPLE f(1)"},
			{reads, "SELECT rank() OVER (PARTITION BY f(a)) FROM t"},
		},
	},
	{
		flavor: MySQL,
		places: []string{
			"%s", "(%s)", "%s;", "/* delete */ %s", "# delete\n%s", "EXPLAIN ANALYZE %s", "/*!50000 %s */",
			"SELECT * FROM (%s) q", "SELECT * FROM (%s) AS q(a)", "SELECT (%s)", "WITH q AS (%s) SELECT * FROM q",
			"WITH RECURSIVE r AS (SELECT 1), q(a) AS (%s) SELECT * FROM q, r", "SELECT 1 FROM DUAL WHERE EXISTS (%s)",
			"SELECT a FROM t WHERE a IN (%s)", "SELECT a FROM t WHERE a = ANY (%s)", "(SELECT 1) UNION ALL (%s)",
			"SELECT * FROM t STRAIGHT_JOIN (%s) q ON (true)", "SELECT CASE WHEN b THEN (%s) END FROM t", "SELECT IF((%s), 1, 2)",
			"SELECT a FROM t GROUP BY a WITH ROLLUP HAVING a > (%s)", "SELECT a FROM t ORDER BY (%s) LIMIT 1, 2",
			"SELECT /*+ NO_MERGE(q) */ SQL_NO_CACHE a FROM t USE INDEX FOR JOIN (i) WHERE b = (%s)",
			"SELECT 'a' 'b', \"it\\\"s\", (%s)",
		},
		bodies: []classifyCase{
			{safe, "SELECT a FROM t"},
			{safe, "SELECT a, LOWER(b) FROM t WHERE c = ? AND d BETWEEN 1 AND 2"},
			{safe, "SELECT SUBSTRING(a FROM 1 FOR 2) FROM t"},
			{safe, "SELECT MAX(a) FROM s.t u JOIN v USING (b) WHERE u.lock = 1"},
			{safe, "SELECT 5--1, 'it\\'s', \"a\", `for update` FROM t"},
			{safe, "SELECT a FROM t FOR SYSTEM_TIME ALL"},
			{careful, "SELECT a FROM t FOR UPDATE"},
			{careful, "SELECT a FROM t FOR SHARE OF t SKIP LOCKED"},
			{careful, "SELECT a FROM t LOCK IN SHARE MODE"},
			{careful, "SELECT a FROM t INTO OUTFILE 'x'"},
			{careful, "SELECT a INTO @x FROM t"},
			{careful, "SELECT 1e5INTO DUMPFILE 'x'"},
			{reads, "SELECT GET_LOCK('a', 1)"},
			{reads, "SELECT a FROM t WHERE SLEEP(1)"},
			{reads, "SELECT NEXT VALUE FOR s"},
			{reads, "SELECT @a"},
			{reads, "SELECT @a := 1"},
			{reads, "SELECT d.f(a) FROM t"},
			{reads, "SELECT f(a) FROM t"},
			{reads, "SELECT a DIV f(b) FROM t"},
			{reads, "SELECT LAST_INSERT_ID()"},
		},
	},
}

// spellings change how a text is written and not what it means.
var spellings = []func(string) string{
	func(q string) string { return q },
	spell(strings.ToLower, " "),
	spell(strings.ToUpper, "\n\t "),
	spell(func(w string) string { return w }, "/**/"),
	spell(func(w string) string { return w }, " /* INTO u; 'x */ "),
	spell(func(w string) string { return w }, " -- FOR UPDATE '\n"),
}

// spell writes each word by letters and each blank as blank, but leaves what
// is quoted or a comment alone.
func spell(letters func(string) string, blank string) func(string) string {
	return func(q string) string {
		if strings.ContainsAny(q, "'\"`#*$@") && blank != " " && blank != "\n\t " {
			return q // blanks inside quotes and comments mean something
		}
		if strings.ContainsAny(q, "'\"`#$") {
			return q
		}
		return strings.ReplaceAll(letters(q), " ", blank)
	}
}

func TestGeneratedStatements(t *testing.T) {
	n := 0
	for _, g := range grammars {
		for _, outer := range g.places {
			for _, inner := range g.places {
				for _, body := range g.bodies {
					q := strings.Replace(outer, "%s", strings.TrimSuffix(strings.Replace(inner, "%s", body.query, 1), ";"), 1)
					if strings.Contains(outer, "/*!") && strings.Contains(q[1:], "/*") ||
						strings.Contains(q[2:], "EXPLAIN") && strings.Contains(q, "(EXPLAIN") || strings.Contains(q, "EXPLAIN ANALYZE EXPLAIN") ||
						strings.Contains(q, "off) EXPLAIN") || strings.Contains(q, "ANALYZE, COSTS off) EXPLAIN") || strings.Count(q, "/*!") > 0 && strings.Contains(q, "(/*!") {
						continue
					}
					for i, write := range spellings {
						n++
						if inner != "%s" && (n/len(spellings)+i)%len(spellings) != 0 {
							continue // one spelling of each is enough this deep
						}
						text := write(q)
						s := Classify(g.flavor, text)
						got := verdictOf(&s)
						if got != body.want && !(body.want == reads && got == careful && s.Class == Unknown) {
							t.Errorf("%s %q: %s, want %s", g.flavor, text, got, body.want)
						}
					}
				}
			}
		}
	}
	if n < 100_000 {
		t.Errorf("only %d statements were made", n)
	}
}
