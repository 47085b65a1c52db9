package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// screen is where a command writes: a terminal, where lines may be bold and a
// last line may show progress, or anything else, which gets plain lines.
type screen struct {
	io.Writer
	terminal bool
	colour   bool
	status   bool // a progress line is on show
	fd       int  // of a terminal

	failed error // the first of Write: what was printed did not arrive
}

func newScreen(f *os.File, getenv func(string) string) *screen {
	s := &screen{Writer: f, fd: -1}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && getenv("TERM") != "dumb" {
		s.terminal = true
		s.colour = getenv("NO_COLOR") == ""
		s.fd = int(f.Fd())
	}
	return s
}

// plainWidth is how wide lines are for what has no width.
const plainWidth = 80

// size tells how many columns and lines the terminal has; what is none, or
// does not say, has 80 columns and 24 lines.
func (s *screen) size() (width, height int) {
	if s.terminal {
		if width, height, err := term.GetSize(s.fd); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}
	return plainWidth, 24
}

func (s *screen) width() int {
	width, _ := s.size()
	return width
}

// Write prints, after it has wiped the progress line away.
func (s *screen) Write(p []byte) (int, error) {
	s.Progress("")
	n, err := s.Writer.Write(p)
	if s.failed == nil {
		s.failed = err
	}
	return n, err
}

// Progress shows one line that the next one replaces; "" takes it away. What
// is not a terminal shows nothing.
func (s *screen) Progress(text string) {
	if !s.terminal || text == "" && !s.status {
		return
	}
	s.status = text != ""
	io.WriteString(s.Writer, "\r\x1b[K"+text)
}

// The colours, of the terminal's own palette, so that they fit its theme.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint returns text in a colour.
func (s *screen) paint(colour, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// Bold returns text for a heading.
func (s *screen) Bold(text string) string { return s.paint(bold, text) }
