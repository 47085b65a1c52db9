package testdb

import (
	"bytes"
	"io"
	"os"
	"testing"
)

// tailSize is how much of a log is shown, from its end.
const tailSize = 8 << 10

func (s *Server) logPath() string { return s.file("log") }

// logTail returns the end of the log, nothing of it from before the offset.
func (s *Server) logTail(offset int64) string {
	f, err := os.Open(s.logPath())
	if err != nil {
		return ""
	}
	defer f.Close()
	size, _ := f.Seek(0, io.SeekEnd)
	start := max(offset, size-tailSize)
	text := make([]byte, max(0, size-start))
	n, _ := f.ReadAt(text, start)
	text = text[:n]
	if start > offset {
		// It begins in the middle of a line.
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return string(text)
}

// showLogOnFailure shows what the server had to say during a test that failed.
func (s *Server) showLogOnFailure(tb testing.TB) {
	if s.external {
		return
	}
	var offset int64
	if info, err := os.Stat(s.logPath()); err == nil {
		offset = info.Size()
	}
	tb.Cleanup(func() {
		if !tb.Failed() {
			return
		}
		if tail := s.logTail(offset); tail != "" {
			tb.Logf("the log of %s at %s:\n%s", s.Kind(), s.Addr(), tail)
		}
	})
}
