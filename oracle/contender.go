package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/DataDog/go-sqllexer"

	"github.com/pooledsql/pooled"
)

// claim is what somebody says of a statement.
type claim struct {
	op, class           string
	readOnly, retryable bool
	tables              []string
	group               string // equal for statements that count as one
}

// contender says something of every statement.
type contender struct {
	name string
	fast func(string) // what its speed is measured by
	of   func(string) claim
}

// contenders are the classifier and what programs use in its place.
func contenders(f pooled.Flavor) []contender {
	obfuscate := sqllexer.NewObfuscator(sqllexer.WithReplaceDigits(true))
	normalize := sqllexer.NewNormalizer(sqllexer.WithCollectTables(true), sqllexer.WithCollectCommands(true))
	dbms := sqllexer.WithDBMS(sqllexer.DBMSPostgres)
	if f == pooled.MySQL {
		dbms = sqllexer.WithDBMS(sqllexer.DBMSMySQL)
	}
	return []contender{
		{
			name: "pooled",
			fast: func(q string) { pooled.Classify(f, q) },
			of: func(q string) claim {
				s := pooled.Classify(f, q)
				return claim{s.Operation, s.Class.String(), s.ReadOnly, s.Retryable, s.Tables, strconv.FormatUint(s.Fingerprint, 16)}
			},
		},
		{
			name: "DataDog/go-sqllexer",
			fast: func(q string) { sqllexer.ObfuscateAndNormalize(q, obfuscate, normalize, dbms) },
			of: func(q string) claim {
				// It collects every verb of the text and leaves it to its user
				// to say what they amount to: a read if all of them read.
				text, meta, err := sqllexer.ObfuscateAndNormalize(q, obfuscate, normalize, dbms)
				if err != nil || len(meta.Commands) == 0 {
					return claim{group: text, class: "unknown"}
				}
				reads := !slices.ContainsFunc(meta.Commands, func(c string) bool { return classOfWord(c) != "read" })
				return claim{meta.Commands[0], classOfWord(meta.Commands[0]), reads, reads, meta.Tables, text}
			},
		},
		{
			name: "first word",
			fast: func(q string) { classOfWord(firstWord(q)) },
			of: func(q string) claim {
				word := firstWord(q)
				reads := classOfWord(word) == "read"
				return claim{op: word, class: classOfWord(word), readOnly: reads, retryable: reads, group: q}
			},
		},
	}
}

// firstWord returns the first word in capitals.
func firstWord(q string) string {
	q = strings.TrimSpace(q)
	end := strings.IndexFunc(q, func(r rune) bool { return r < 'A' || r > 'z' || r > 'Z' && r < 'a' })
	if end < 0 {
		end = len(q)
	}
	return strings.ToUpper(q[:end])
}

// classOfWord sorts verbs the way it is usually done.
func classOfWord(verb string) string {
	switch verb {
	case "SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "VALUES", "TABLE":
		return "read"
	case "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "COPY", "LOAD":
		return "write"
	case "CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "COMMENT", "RENAME":
		return "ddl"
	case "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "END", "ABORT":
		return "tx"
	case "SET", "RESET", "USE", "LISTEN", "UNLISTEN", "DISCARD", "PREPARE", "DEALLOCATE":
		return "session"
	case "CALL", "DO", "EXECUTE":
		return "call"
	case "VACUUM", "ANALYZE", "CHECKPOINT", "REINDEX", "CLUSTER", "FLUSH", "OPTIMIZE":
		return "utility"
	}
	return "unknown"
}
