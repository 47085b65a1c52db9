package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestClassifyPrintsATable(t *testing.T) {
	code, out, errs := call(t, "classify", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t FOR UPDATE", "set x = 1", "SELECT nextval('s')")
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, %q", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines:\n%s", len(lines), out)
	}
	for i, want := range []string{
		"OPERATION CLASS READS ONLY RETRYABLE LEAVES BEHIND TABLES FINGERPRINT DIGEST",
		"SELECT read yes yes - t d0835e055927bd88 SELECT a FROM t WHERE b = ?",
		"SELECT write no no - t",
		"SET session no no setting -",
		"SELECT read yes no - -",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestClassifyPrintsJSON(t *testing.T) {
	code, out, errs := call(t, "classify", "-flavor", "mysql", "-out", "json", "SELECT GET_LOCK('a', 1) FROM `t`", "START TRANSACTION READ ONLY")
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, %q", code, errs)
	}
	var rows []map[string]any
	for line := range strings.Lines(out) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		rows = append(rows, row)
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows: %s", len(rows), out)
	}
	for key, want := range map[string]string{
		"query": `"SELECT GET_LOCK('a', 1) FROM ` + "`t`" + `"`, "operation": `"SELECT"`, "class": `"read"`, "read_only": "true", "retryable": "false",
		"multi": "false", "state": `["lock"]`, "tables": `["t"]`, "digest": "\"SELECT GET_LOCK(?, ?) FROM `t`\"", "summary": `"SELECT t"`,
	} {
		if got, _ := json.Marshal(rows[0][key]); string(got) != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if len(rows[0]["fingerprint"].(string)) != 16 {
		t.Errorf("fingerprint %v", rows[0]["fingerprint"])
	}
	if rows[1]["tx"] != "begin" || rows[1]["tx_read_only"] != true {
		t.Errorf("%v", rows[1])
	}
	if tables, _ := json.Marshal(rows[1]["tables"]); string(tables) != "[]" {
		t.Errorf("no tables are %s", tables)
	}
}

func TestClassifyReadsTextsFromAFileOrStdin(t *testing.T) {
	const input = "SELECT 1;\n-- a comment\nSELECT a, ';'\nFROM t; \r\n\n;\nSELECT 2; DELETE FROM u;\nTABLE v"
	path := filepath.Join(t.TempDir(), "queries.sql")
	if err := os.WriteFile(path, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	operations := func(out string) (list []string) {
		for line := range strings.Lines(out) {
			var row struct {
				Operation string
				Multi     bool
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if row.Multi {
				row.Operation += "+"
			}
			list = append(list, row.Operation)
		}
		return list
	}
	for _, c := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{input, nil, "SELECT SELECT SELECT+ TABLE"},
		{"", []string{"-file", path}, "SELECT SELECT SELECT+ TABLE"},
		{"SELECT 1;\nDELETE FROM t;\n\x00\x00TABLE v", []string{"-0"}, "SELECT+ TABLE"},
	} {
		code, out, errs := callWith(t, c.stdin, append([]string{"classify", "-out", "json"}, c.args...)...)
		if got := strings.Join(operations(out), " "); code != exitOK || errs != "" || got != c.want {
			t.Errorf("%q: exit %d, %q, %q instead of %q", c.args, code, errs, got, c.want)
		}
	}
}

func TestClassifySplitsAlikeHoweverTheInputArrives(t *testing.T) {
	var texts []string
	err := classifyAll(t.Context(), iotest.OneByteReader(strings.NewReader("SELECT 1;  \nSELECT 2; SELECT 3;\nSELECT 4;")), "x", false,
		func(text string) error { texts = append(texts, text); return nil }, func() error { return nil })
	if got, want := strings.Join(texts, "|"), "SELECT 1;|SELECT 2; SELECT 3;|SELECT 4;"; err != nil || got != want {
		t.Errorf("%v, %q instead of %q", err, got, want)
	}
}

// TestClassifyLooksAtALongTextOnce however it arrives.
func TestClassifyLooksAtALongTextOnce(t *testing.T) {
	text := "SELECT '" + strings.Repeat("a;", 100_000) + "';"
	start := time.Now()
	slow := iotest.OneByteReader(strings.NewReader(text))
	got := ""
	err := classifyAll(t.Context(), readerFunc(func(p []byte) (int, error) {
		if time.Since(start) > 10*time.Second {
			return 0, errors.New("it looks at the beginning again and again")
		}
		return slow.Read(p)
	}), "x", false, func(text string) error { got = text; return nil }, func() error { return nil })
	if err != nil || got != text {
		t.Errorf("%v, %d bytes instead of %d", err, len(got), len(text))
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestClassifyShowsATerminalNothingToObey(t *testing.T) {
	_, out, _ := call(t, "classify", "SELECT \"\x1b[31m\ta\nb\"")
	if strings.ContainsAny(out, "\x1b\t") || strings.Count(out, "\n") != 2 {
		t.Errorf("%q", out)
	}
}

func TestClassifyRefusesWhatItCannotDo(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-flavor", "oracle", "SELECT 1"}, exitUsage, `-flavor is "oracle"; postgres or mysql are allowed`},
		{[]string{"-out", "xml", "SELECT 1"}, exitUsage, `-out is "xml"; table or json are allowed`},
		{[]string{"-file", "x", "SELECT 1"}, exitUsage, "statements are given as arguments"},
		{[]string{"-0", "SELECT 1"}, exitUsage, "statements are given as arguments"},
		{[]string{"-nothing"}, exitUsage, "pooled help classify"},
		{[]string{"-file", filepath.Join(t.TempDir(), "none.sql")}, exitFailed, "none.sql"},
		{nil, exitFailed, "standard input holds no statement"},
	} {
		code, out, errs := call(t, append([]string{"classify"}, c.args...)...)
		if code != c.code || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", c.args, code, out, errs)
		}
	}
}
