package pooled

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
)

// A wrapper above the pool stands between sql.DB and the handles. One that
// hides driver.Validator keeps from the pool when a loan is over.

// noteUnended counts a loan that nobody ended, and says so in the log once.
func (p *Pool) noteUnended() {
	if p.stats.unended.Add(1) > 1 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(EventUnended, p.aboveText())
	p.tellLocked(func() {
		p.log.Log(context.Background(), slog.LevelWarn, "pooled: a loan was not ended: "+p.aboveText()+"; put the pool outermost",
			"pool", p.cfg.Name, "reason", string(EventUnended))
	})
}

// aboveText is the fault in a few words.
func (p *Pool) aboveText() string {
	name := ""
	if above := p.above.Load(); above != nil && *above != "" {
		name = " (" + *above + ")"
	}
	return "a wrapper above the pool" + name + " hides driver.Validator"
}

// seeAbove notes who asked the connector for the first handle, if not sql.DB
// itself. Called by Connect.
func (p *Pool) seeAbove() {
	if p.above.Load() != nil {
		return
	}
	name := ""
	if pc, _, _, ok := runtime.Caller(2); ok {
		name = packageOf(runtime.FuncForPC(pc).Name())
	}
	if name == "database/sql" {
		name = ""
	}
	p.above.Store(&name)
}

// packageOf returns the package of a function's full name, such as
// github.com/XSAM/otelsql.(*otConnector).Connect.
func packageOf(function string) string {
	slash := strings.LastIndexByte(function, '/') + 1
	dot := strings.IndexByte(function[slash:], '.')
	if dot < 0 {
		return function
	}
	return function[:slash+dot]
}
