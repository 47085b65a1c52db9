package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// fullScreen is a terminal that a command has to itself, until close puts it
// back as it was, with all that stood there.
type fullScreen struct {
	out  *screen
	keys chan string // what was typed; a key of several bytes is one of them

	stdin int
	was   *term.State // nil: the keyboard was left as it is
}

// What a terminal is told. Lines are not broken by the terminal: a character
// that is wider there than here must not move all that is below.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	leaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	homeCursor  = "\x1b[H"
	clearLine   = "\x1b[K"
)

func openFullScreen(env *environment) (*fullScreen, error) {
	s := &fullScreen{out: env.stdout, keys: make(chan string)}
	if in, ok := env.stdin.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		s.stdin = int(in.Fd())
		was, err := term.MakeRaw(s.stdin)
		if err != nil {
			return nil, err
		}
		s.was = was
		// It ends with the program: a read of a terminal cannot be called off.
		go s.read(in)
	}
	io.WriteString(s.out, enterScreen)
	return s, nil
}

func (s *fullScreen) read(in io.Reader) {
	p := make([]byte, 16)
	for {
		n, err := in.Read(p)
		if err != nil {
			return
		}
		if p[0] == '\x1b' {
			s.keys <- string(p[:n])
			continue
		}
		for _, c := range p[:n] { // typed faster than read
			s.keys <- string(rune(c))
		}
	}
}

// draw replaces what is on show by as many lines as the terminal has.
func (s *fullScreen) draw(lines []string) {
	var b strings.Builder
	b.WriteString(homeCursor)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(clearLine + line) // behind a full line it would clear the last column
	}
	io.WriteString(s.out, b.String())
}

func (s *fullScreen) close() {
	io.WriteString(s.out, leaveScreen)
	if s.was != nil {
		_ = term.Restore(s.stdin, s.was)
	}
}
