package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/pooledsql/pooled"
)

// ownSeeds are texts whose places are worth trying; a corpus adds its own.
func ownSeeds(f pooled.Flavor) []string {
	both := []string{
		"SELECT a, b FROM t WHERE c = 1 AND d IN (1, 2) ORDER BY e LIMIT 3",
		"WITH q AS (SELECT a FROM t) SELECT a FROM q JOIN u USING (b)",
		"(SELECT a FROM t) UNION ALL (SELECT b FROM u)",
		"SELECT a FROM (SELECT b FROM t) x WHERE EXISTS (SELECT 1 FROM u)",
		"SELECT CASE WHEN a THEN b ELSE c END FROM t GROUP BY d HAVING count(*) > 1",
		"EXPLAIN SELECT a FROM t",
		"SELECT sum(a) OVER (PARTITION BY b ORDER BY c) FROM t",
	}
	if f == pooled.MySQL {
		return append(both, "SELECT a FROM t USE INDEX (i) WHERE MATCH (a) AGAINST ('x')", "SELECT STRAIGHT_JOIN a FROM t PARTITION (p)",
			"TABLE t", "VALUES ROW(1, 2)", "SHOW TABLES", "SELECT IF(a, b, c), CONVERT(d, CHAR(3)) FROM t")
	}
	return append(both, "SELECT DISTINCT ON (a) b FROM t", "SELECT a FROM generate_series(1, 2) g(i)", "TABLE t", "VALUES (1, 2)",
		"SELECT a::int FROM t x(a, b) TABLESAMPLE system (1)", "SELECT a AT TIME ZONE 'UTC' FROM t", "SHOW a",
		"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FILTER (WHERE b) FROM t", "SELECT a OPERATOR(pg_catalog.+) b FROM ONLY t")
}

// snippets are put between words. Whatever is accepted with one of them in
// it, must not be claimed to be what it no longer is.
func snippets(f pooled.Flavor) []string {
	both := []string{
		"FOR UPDATE", "FOR/**/SHARE", "INTO u", "INTO", "AS into", "f_effect(1)", ", f_effect(1)", "(f_effect(1))", "+ f_effect(1)",
		"= f_effect(1)", "f_effect (1) AS", ", s.f_effect(1)", "AND f_effect(1)", "OR f_effect(1) IS NULL", "update", "delete", ".into", "AS",
		"for", "(SELECT 1 FOR UPDATE)", ", (SELECT f_effect(1))", "UNION SELECT f_effect(1)", "; DELETE FROM t", "; SELECT 1", "'it''s'", "'a\\'", "\\'",
		"/*", "*/", "--", "-- \n", "''", "x", ", x", "1e5", "1", ".", "(", ")", "NOT", "ANALYZE", "EXPLAIN ANALYZE", "DISTINCT", "LATERAL",
		"COLLATE x", "x(a)", "AS x(a)", "LIMIT f_effect(1)", "OFFSET f_effect(1)", "CASE f_effect(1) WHEN 1 THEN 1 END",
	}
	if f == pooled.MySQL {
		return append(both, "LOCK IN SHARE MODE", "INTO OUTFILE 'x'", "INTO @x", "@x", "@x :=", ", @x := 1", "/*!50000", "/*! INTO OUTFILE 'x' */",
			"/*!99999 ' */", "#", "\"", "`", "NEXT VALUE FOR s", ", NEXT VALUE FOR s", "DIV f_effect(1)", "\"f\"", "`f_effect`(1)", "SQL_NO_CACHE", "'x' f_effect(1)")
	}
	return append(both, "FOR NO KEY UPDATE", "FOR KEY SHARE", "$$", "$a$", "E'\\''", "e", "\"", "\"f_effect\"(1)", "OPERATOR(s.+)", "OPERATOR(pg_catalog.+) f_effect(1)",
		"AT TIME ZONE f_effect(1)", "DISTINCT ON (a) f_effect(1)", "::int", "::f_effect(1)", "ONLY", "FETCH FIRST f_effect(1) ROWS ONLY", "WITH w AS (DELETE FROM t RETURNING 1)",
		"WITH w AS (UPDATE t SET a = 1 RETURNING 1)", "TABLESAMPLE f_effect(1)", "ILIKE f_effect(1)", "SIMILAR TO f_effect(1)", "BETWEEN SYMMETRIC f_effect(1) AND 2",
		"ESCAPE f_effect(1)", "VARIADIC f_effect(1)", "ROWS FROM (f_effect(1))", "WITH ORDINALITY", "(ANALYZE off)", "(ANALYZE)", "FILTER (WHERE f_effect(1))")
}

// mutate goes round the seeds until it has made that many different statements
// which the parser accepts, tries every claim on them and returns how often one
// was wrong.
func mutate(o oracle, seeds []string, want int, seed uint64, keep func(string, judgement)) (wrong int) {
	rnd := rand.New(rand.NewPCG(seed, 42))
	parts := snippets(o.flavor())
	seen := map[string]bool{}
	shown, reads, known, guessed := 0, 0, 0, 0
	for tries := 0; len(seen) < want && tries < 200*want; tries++ {
		q := seeds[tries%len(seeds)]
		if len(q) > 2000 {
			continue
		}
		for range 1 + rnd.IntN(3) {
			q = insert(rnd, q, parts[rnd.IntN(len(parts))])
		}
		if seen[q] {
			continue
		}
		j, ok := o.judge(q)
		if !ok {
			continue
		}
		seen[q] = true
		s := pooled.Classify(o.flavor(), q)
		keep(q, j)
		if !j.writes {
			reads++
			if s.ReadOnly {
				known++
			} else if careful {
				fmt.Printf("careful: %q\n", q)
			}
		}
		if (j.writes || j.effects) && classOfWord(firstWord(q)) == "read" {
			guessed++
		}
		if s.ReadOnly && j.writes || s.Retryable && (j.writes || j.effects) {
			wrong++
			if shown++; shown <= 40 {
				fmt.Printf("  dangerous (%s): ReadOnly %v Retryable %v: %q\n", j.why, s.ReadOnly, s.Retryable, q)
			}
		}
	}
	fmt.Printf("generated: %d different statements that the parser accepts\n", len(seen))
	fmt.Printf("  dangerous errors %d (the first word alone: %d), reads recognised %.1f%%\n", wrong, guessed, share(known, reads))
	return wrong
}

// insert puts part at a blank of text, at one of its ends, or in the place of
// a word.
func insert(rnd *rand.Rand, text, part string) string {
	words := strings.Split(text, " ")
	i := rnd.IntN(len(words) + 1)
	head, tail := words[:i], words[i:]
	if len(tail) > 1 && rnd.IntN(4) == 0 {
		tail = tail[1:]
	}
	return strings.Join(append(append(append([]string{}, head...), part), tail...), " ")
}
