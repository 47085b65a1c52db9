package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pooledsql/pooled"
)

// migration is one version as the program has it.
type migration struct {
	version int64
	name    string // the file's name without its directory; of Go "" if it is not known
	isGo    bool
	src     source

	parsed bool
	err    error // why it cannot be parsed
	useTx  bool
	up     script
	down   script

	sums sums
}

// sums are the checksums of a migration. Those of a Go migration are empty: its
// text is not there when it runs.
type sums struct {
	up, down             string // of the text: line ends, byte order mark and blanks at line ends do not count
	upTokens, downTokens string // of the tokens: comments and space do not count either
}

// label names a migration for people.
func (m *migration) label() string {
	if m.name != "" {
		return m.name
	}
	return fmt.Sprintf("version %d (Go)", m.version)
}

// script returns what runs in a direction.
func (m *migration) script(d Direction) *script {
	if d == DirectionDown {
		return &m.down
	}
	return &m.up
}

// inTx reports whether a direction asks for a transaction.
func (m *migration) inTx(d Direction) bool {
	if m.isGo {
		return m.script(d).goTx
	}
	return m.useTx
}

// sumText computes the checksums over the text, which need no parser.
func (m *migration) sumText() {
	up, down := splitDirections(m.src.text)
	m.sums.up, m.sums.down = hash(normalize(up)), hash(normalize(down))
}

// splitDirections cuts a file before its Down annotation.
func splitDirections(text string) (up, down string) {
	at := 0
	for line := range strings.Lines(text) {
		if name, ok := annotation(line); ok && strings.EqualFold(name, "Down") {
			return text[:at], text[at:]
		}
		at += len(line)
	}
	return text, ""
}

// annotation returns what stands behind "-- +goose" on a line.
func annotation(line string) (string, bool) {
	if !strings.HasPrefix(line, "--") || !strings.Contains(line, "+goose") {
		return "", false
	}
	line = strings.Replace(strings.ReplaceAll(line, "--", ""), "+goose", "", 1)
	return strings.TrimSpace(line), true
}

// normalize takes out what editors and version control change by themselves.
func normalize(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r\f\v")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// statementHash is short: it only has to tell the statements of one file from
// what they were before.
func statementHash(f pooled.Flavor, text string) string {
	return hash(tokens(f, text)...)[:16]
}

// hashTokens computes what needs the statements.
func (m *migration) hashTokens(f pooled.Flavor) {
	mode := "transaction"
	if !m.useTx {
		mode = "no transaction"
	}
	for _, s := range []*script{&m.up, &m.down} {
		s.hashes = make([]string, len(s.literal))
		for i, text := range s.literal {
			s.hashes[i] = statementHash(f, text)
		}
	}
	m.sums.upTokens = hash(append([]string{mode}, m.up.hashes...)...)
	m.sums.downTokens = hash(append([]string{mode}, m.down.hashes...)...)
}

// line returns the line on which a statement begins, counted from 1, or 0.
func (m *migration) line(d Direction, statement int) (line int) {
	texts := m.script(d).literal
	if m.isGo || statement > len(texts) {
		return 0
	}
	at := 0
	if d == DirectionDown {
		up, _ := splitDirections(m.src.text)
		at = len(up)
	}
	for _, text := range texts[:statement] {
		line, at = lineOf(m.src.text, text, at)
	}
	return line
}
