package main

import (
	"io"
	"os"
)

// screen is where a command writes: a terminal, where lines may be bold and a
// last line may show progress, or anything else, which gets plain lines.
type screen struct {
	io.Writer
	terminal bool
	colour   bool
	status   bool // a progress line is on show
}

func newScreen(f *os.File, getenv func(string) string) *screen {
	s := &screen{Writer: f}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && getenv("TERM") != "dumb" {
		s.terminal = true
		s.colour = getenv("NO_COLOR") == ""
	}
	return s
}

// Write prints, after it has wiped the progress line away.
func (s *screen) Write(p []byte) (int, error) {
	s.Progress("")
	return s.Writer.Write(p)
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

// Bold returns text for a heading.
func (s *screen) Bold(text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}
