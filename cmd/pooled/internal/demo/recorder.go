package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// recorder is a slog.Handler that keeps what it gets, to print it later.
type recorder struct {
	mu      sync.Mutex
	records []slog.Record
}

var _ slog.Handler = (*recorder)(nil)

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *recorder) WithGroup(string) slog.Handler            { return r }

func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, rec.Clone())
	return nil
}

// print prints the first record of each message in full, an attribute to a
// line, and of the others only the message and the caller.
func (r *recorder) print(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for _, rec := range r.records {
		full := !seen[rec.Message]
		seen[rec.Message] = true
		fmt.Fprintf(w, "  %s %s\n", rec.Level, rec.Message)
		rec.Attrs(func(a slog.Attr) bool {
			if value := a.Value.String(); full || a.Key == "caller" {
				printAttr(w, a.Key, value)
			}
			return true
		})
	}
}

func printAttr(w io.Writer, key, value string) {
	value = strings.TrimRight(value, "\n")
	if !strings.Contains(value, "\n") {
		fmt.Fprintf(w, "    %s=%s\n", key, value)
		return
	}
	fmt.Fprintf(w, "    %s=\n", key)
	for line := range strings.SplitSeq(value, "\n") {
		fmt.Fprintf(w, "      %s\n", strings.ReplaceAll(line, "\t", "  "))
	}
}
