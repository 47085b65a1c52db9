package pooled

import (
	"context"
	"log/slog"
	"time"
)

// What the pool tells of the server, in the log and to hooks, happens outside
// the lock, one after the other and in the order in which it happened.

// tellLocked runs f in the background, after what was told before.
func (p *Pool) tellLocked(f func()) {
	p.tellings = append(p.tellings, f)
	if p.telling {
		return
	}
	p.telling = true
	p.goLocked(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		defer func() { p.telling = false }()
		for len(p.tellings) > 0 {
			next := p.tellings[0]
			p.tellings = p.tellings[1:]
			p.unlocked(next)
		}
	})
}

// unlocked calls f without the lock, which is held again also when f panics or
// ends its goroutine.
func (p *Pool) unlocked(f func()) {
	p.mu.Unlock()
	defer p.mu.Lock()
	f()
}

// logEvery is the least time between two lines of a kind about the server: one
// that comes and goes many times a second must not fill the disk.
const logEvery = 5 * time.Second

// logLimit lets one line of its kind through in a while. Its owner's lock
// guards it.
type logLimit struct {
	any     bool
	last    int64 // nano()
	skipped int
}

// pass says whether a line may be written at the time now, and how many were
// left out before it.
func (l *logLimit) pass(now int64) (skipped int, ok bool) {
	if l.any && now-l.last < int64(logEvery) {
		l.skipped++
		return 0, false
	}
	skipped = l.skipped
	*l = logLimit{any: true, last: now}
	return skipped, true
}

// lineLocked returns what writes a line, or nothing at all if there was one of
// its kind just now. The next one says how many were left out.
func (p *Pool) lineLocked(limit *logLimit, level slog.Level, text string, args ...any) func() {
	skipped, ok := limit.pass(nano())
	if !ok {
		return func() {}
	}
	if skipped > 0 {
		args = append(args, "left_out", skipped)
	}
	args = append([]any{"pool", p.cfg.Name}, args...)
	return func() { p.log.Log(context.Background(), level, text, args...) }
}
