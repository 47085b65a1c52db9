package otelexport

import (
	"os"
	"testing"

	"github.com/pooledsql/pooled/internal/testdb"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }
