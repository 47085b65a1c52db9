package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/DataDog/go-sqllexer"
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/pooledsql/pooled"
)

// measureSpeed prints what one text costs here and elsewhere.
func measureSpeed(f pooled.Flavor, texts []string) {
	bytes := 0
	for _, t := range texts {
		bytes += len(t)
	}
	fmt.Printf("speed over %d texts of %d bytes on average, each for the first time:\n", len(texts), bytes/max(len(texts), 1))
	measure := func(name string, do func(string)) {
		begin := time.Now()
		for _, t := range texts {
			do(t)
		}
		fmt.Printf("  %-28s %8s\n", name, (time.Since(begin) / time.Duration(len(texts))).String())
	}
	pooled.Classify(f, "SELECT 1")
	measure("pooled.Classify", func(t string) { pooled.Classify(f, t) })
	obfuscate := sqllexer.NewObfuscator(sqllexer.WithReplaceDigits(true))
	normalize := sqllexer.NewNormalizer(sqllexer.WithCollectTables(true), sqllexer.WithCollectCommands(true))
	dbms := sqllexer.DBMSPostgres
	if f == pooled.MySQL {
		dbms = sqllexer.DBMSMySQL
	}
	measure("DataDog/go-sqllexer", func(t string) {
		sqllexer.ObfuscateAndNormalize(t, obfuscate, normalize, sqllexer.WithDBMS(dbms))
	})
	if f == pooled.Postgres {
		measure("pg_query_go, fingerprint", func(t string) { pg_query.Fingerprint(t) })
	}
	measure("the first word", func(t string) { strings.ToUpper(strings.TrimSpace(t)) })
}
