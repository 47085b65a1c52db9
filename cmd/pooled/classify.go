package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/pooledsql/pooled"
)

var classifyCommand = &command{
	name:  "classify",
	short: "tell what can be known of SQL statements from their text",
	usage: "[flags] [statement ...]",
	args:  true,
	long: `Classify prints for each statement its verb, its class, whether it only reads,
whether the pool may run it twice, what it leaves behind in the session, its
tables and its digest. No server is asked.

Each argument is one text. Without arguments the texts are read from -file or
from standard input; there a text ends with a semicolon at the end of a line,
or with -0 at each NUL byte, so that a text may hold such lines itself. A text
of several statements is one text: its verb and class are those of the first,
and it reads only if all of them do.`,
	values: map[string][]string{"flavor": {"postgres", "mysql"}, "out": {"table", "json"}},
	examples: []entry{
		{"pooled classify 'SELECT * FROM t FOR UPDATE'", ""},
		{"pooled classify -flavor mysql -out json -file queries.sql", ""},
	},
	new: func(flags *flag.FlagSet) func(context.Context, *environment) error {
		flavor := flags.String("flavor", "postgres", "the SQL that the server speaks: postgres or mysql (also for MariaDB)")
		out := flags.String("out", "table", "table, or json: one object on a line for each text")
		path := flags.String("file", "", "read the texts from this `file`")
		nul := flags.Bool("0", false, "texts from the file or standard input end with a NUL byte")
		return func(ctx context.Context, env *environment) error {
			bad := func(format string, args ...any) error {
				return &usageError{"classify: " + fmt.Sprintf(format, args...), `"pooled help classify" lists the flags.`}
			}
			f := pooled.Postgres
			switch *flavor {
			case "postgres":
			case "mysql":
				f = pooled.MySQL
			default:
				return bad("-flavor is %q; postgres or mysql are allowed", *flavor)
			}
			var p classifyPrinter
			switch *out {
			case "table":
				p = newClassifyTable(env.stdout)
			case "json":
				p = &classifyLines{json.NewEncoder(env.stdout)}
			default:
				return bad("-out is %q; table or json are allowed", *out)
			}
			if flags.NArg() > 0 {
				if *path != "" || *nul {
					return bad("statements are given as arguments; -file and -0 have no meaning then")
				}
				for _, text := range flags.Args() {
					if err := p.print(text, pooled.Classify(f, text)); err != nil {
						return err
					}
				}
				return p.end()
			}
			from, name := env.stdin, "standard input"
			if *path != "" {
				file, err := os.Open(*path)
				if err != nil {
					return err
				}
				defer file.Close()
				from, name = file, *path
			}
			return classifyAll(ctx, from, name, *nul, func(text string) error {
				return p.print(text, pooled.Classify(f, text))
			}, p.end)
		}
	},
}

// maxText is the longest text that is read from a file.
const maxText = 64 << 20

// classifyAll calls each for every text of from, then end.
func classifyAll(ctx context.Context, from io.Reader, name string, nul bool, each func(string) error, end func() error) error {
	texts := bufio.NewScanner(from)
	texts.Buffer(nil, maxText)
	texts.Split(semicolons())
	if nul {
		texts.Split(untilNUL)
	}
	n := 0
	for texts.Scan() {
		if err := ctx.Err(); err != nil {
			return err
		}
		text := strings.TrimSpace(texts.Text())
		if text == "" || text == ";" {
			continue
		}
		n++
		if err := each(text); err != nil {
			return err
		}
	}
	if err := texts.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("%s: text %d is longer than %d MiB", name, n+1, maxText>>20)
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	if n == 0 {
		return fmt.Errorf("%s holds no statement", name)
	}
	return end()
}

// semicolons returns what splits behind a semicolon at the end of a line. It
// remembers how far it has looked: a long text arrives in many pieces.
func semicolons() bufio.SplitFunc {
	looked := 0
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		for {
			k := bytes.IndexByte(data[looked:], ';')
			if k < 0 {
				looked = len(data)
				break
			}
			end := looked + k + 1
			rest := bytes.TrimLeft(data[end:], " \t\r")
			if len(rest) == 0 && !atEOF {
				looked = end - 1
				return 0, nil, nil // how the line goes on is not known yet
			}
			if len(rest) == 0 || rest[0] == '\n' {
				looked = 0
				return end, data[:end], nil
			}
			looked = end
		}
		if atEOF && len(data) > 0 {
			looked = 0
			return len(data), data, nil
		}
		return 0, nil, nil
	}
}

// untilNUL splits at NUL bytes.
func untilNUL(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if k := bytes.IndexByte(data, 0); k >= 0 {
		return k + 1, data[:k], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// classifyPrinter prints what is known of texts.
type classifyPrinter interface {
	print(text string, s pooled.Statement) error
	end() error
}

// classifyLines prints an object on a line for each.
type classifyLines struct{ out *json.Encoder }

func (l *classifyLines) print(text string, s pooled.Statement) error {
	list := func(in []string) []string { return append([]string{}, in...) } // never null
	state := []string{}
	if s.State != 0 {
		state = strings.Split(s.State.String(), ",")
	}
	return l.out.Encode(struct {
		Query       string   `json:"query"`
		Operation   string   `json:"operation"`
		Class       string   `json:"class"`
		ReadOnly    bool     `json:"read_only"`
		Retryable   bool     `json:"retryable"`
		Multi       bool     `json:"multi"`
		Tx          string   `json:"tx,omitempty"`
		TxReadOnly  bool     `json:"tx_read_only,omitempty"`
		State       []string `json:"state"`
		Tables      []string `json:"tables"`
		Digest      string   `json:"digest"`
		Summary     string   `json:"summary"`
		Fingerprint string   `json:"fingerprint"` // a number would lose digits in JavaScript
	}{
		text, s.Operation, s.Class.String(), s.ReadOnly, s.Retryable, s.Multi, s.Tx.String(), s.TxReadOnly,
		state, list(s.Tables), s.Digest, s.Summary, fmt.Sprintf("%016x", s.Fingerprint),
	})
}

func (*classifyLines) end() error { return nil }

// classifyTable prints a row for each.
type classifyTable struct{ out *tabwriter.Writer }

func newClassifyTable(w io.Writer) *classifyTable {
	t := &classifyTable{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(t.out, "OPERATION\tCLASS\tREADS ONLY\tRETRYABLE\tLEAVES BEHIND\tTABLES\tFINGERPRINT\tDIGEST")
	return t
}

func (t *classifyTable) print(_ string, s pooled.Statement) error {
	_, err := fmt.Fprintf(t.out, "%s\t%s\t%s\t%s\t%s\t%s\t%016x\t%s\n", cell(s.Operation), s.Class, yesNo(s.ReadOnly), yesNo(s.Retryable),
		cell(s.State.String()), cell(strings.Join(s.Tables, ",")), s.Fingerprint, cell(s.Digest))
	return err
}

func (t *classifyTable) end() error { return t.out.Flush() }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// cell makes a text fit for one cell: a text may hold tabs, line ends and what
// else a terminal would obey.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
