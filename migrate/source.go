package migrate

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
)

// bom is how some editors begin a UTF-8 file. goose takes it for SQL.
const bom = "\ufeff"

// source is a file as it was read.
type source struct {
	name string
	text string // without byte order mark, with LF line ends
	bom  bool
}

// readSource reads a file and takes out what does not count in it.
func readSource(fsys fs.FS, name string) (source, error) {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return source{}, err
	}
	text, had := strings.CutPrefix(string(b), bom)
	return source{name, strings.ReplaceAll(text, "\r\n", "\n"), had}, nil
}

// envsub finds the annotations that turn substitution on and off, as goose
// reads them.
var envsub = regexp.MustCompile(`(?m)^--[- \t]*\+goose[- \t]*(?i:ENVSUB (?:ON|OFF))[- \t]*(?:\n|\z)`)

// literal is the text with no variable replaced: it is the same on every host.
func (s source) literal() string { return envsub.ReplaceAllString(s.text, "") }

// reader is a file system in which some files have another text.
type reader struct {
	fs.FS
	texts map[string]string
}

// Glob lists the files, of which the texts change none.
func (r reader) Glob(pattern string) ([]string, error) { return fs.Glob(r.FS, pattern) }

func (r reader) Open(name string) (fs.File, error) {
	text, ok := r.texts[name]
	f, err := r.FS.Open(name)
	if err != nil || !ok {
		return f, err
	}
	return &file{f, strings.NewReader(text)}, nil
}

// file is a file with another text.
type file struct {
	fs.File
	text *strings.Reader
}

func (f *file) Read(p []byte) (int, error) { return f.text.Read(p) }

var _ io.Reader = (*file)(nil)

// lineOf returns the line on which a statement begins in text, looking behind
// offset from, and where it ends; 0 if it is not there as it stands.
func lineOf(text, statement string, from int) (line, end int) {
	first, _, _ := strings.Cut(statement, "\n")
	at := strings.Index(text[from:], first)
	if at < 0 || first == "" {
		return 0, from
	}
	at += from
	end = min(at+len(statement), len(text))
	return 1 + bytes.Count([]byte(text[:at]), []byte("\n")), end
}

// place names a statement for people: its number, and its line if known.
func place(n, line int) string {
	if line > 0 {
		return fmt.Sprintf("statement %d (line %d)", n, line)
	}
	return fmt.Sprintf("statement %d", n)
}
