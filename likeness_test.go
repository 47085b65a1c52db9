package pooled_test

import (
	"database/sql/driver"
	"log/slog"
	"slices"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/internal/likeness"
)

// likenessModes are the ways of wrapping, each with what a program may notice.
var likenessModes = []struct {
	name    string
	option  pooled.Option
	allowed []likeness.Allowed
}{
	{
		name:   "pool off",
		option: func(c *pooled.Config) { c.DisablePool = true },
	},
	{
		name:    "pool on",
		option:  func(c *pooled.Config) { c.MinConns = pooled.Off; c.Logger = slog.New(slog.DiscardHandler) },
		allowed: slices.Concat(allowedWithThePool, allowedOverFakes),
	},
}

// allowedWithThePool is what a program may notice of the pool over any base.
// docs/compatibility.md tells it to users.
var allowedWithThePool = []likeness.Allowed{
	{Label: "*(stats)", Reason: "sql.DB counts handles; links are counted by the pool"},
}

// allowedOverFakes is what shows only where faults are injected and the calls
// of the base are recorded.
var allowedOverFakes = []likeness.Allowed{
	{Label: "*(calls)", Reason: "a link is dialled, reset, checked and closed when the pool sees fit, and statements are prepared once for a link"},

	{Label: "Ping/ping that fails", Bare: "bad connection", Wrapped: "ok", Reason: pingAgain},
	{Label: "ErrBadConn/ping * times: ping", Bare: "bad connection", Wrapped: "ok", Reason: pingAgain},
	{Label: "connection breaks/*: ping", Bare: "bad connection", Wrapped: "ok", Reason: pingAgain},

	{Label: "ErrBadConn/* -1 times: *", Bare: "== driver.ErrBadConn", Wrapped: "times in a row before the statement ran: driver: bad connection", Reason: neverErrBadConn},
	{Label: "ErrBadConn/* 3 times: *", Reason: oftener},
	{Label: "ErrBadConn/rows.next *: *", Bare: "end \"driver: bad connection\"", Wrapped: "end ok", Reason: firstRow},
	{Label: "ErrBadConn/rows.next *: series", Bare: "end \"driver: bad connection\"", Wrapped: "the outcome of the statement is unknown", Reason: unknownText},
	{Label: "first dial/driver: bad connection 3 times", Bare: "== driver.ErrBadConn", Wrapped: "driver: bad connection", Reason: neverErrBadConn},
	{Label: "first dial/driver: bad connection -1 times", Bare: "== driver.ErrBadConn", Wrapped: "driver: bad connection", Reason: neverErrBadConn},

	{Label: "ErrBadConn/work the driver did", Reason: suspects},
	{Label: "connection breaks/work the driver did", Reason: suspects},
	{Label: "statements and lost connections/work the driver did", Reason: suspects},
	{Label: "connection lost in a transaction/work the driver did", Reason: "a link that is known to be dead is not asked again; the answer is the same"},

	{Label: "cancelled before/work the driver did", Reason: endedContext},
	{Label: "cancelled before/* conn ping", Bare: "ok", Wrapped: "context", Reason: endedContext},

	{Label: "values through */left open", Bare: "connections 1", Wrapped: "connections 0", Reason: panicLeak},
	{Label: "panics/left open", Wrapped: "connections 0", Reason: panicLeak},
}

const (
	pingAgain       = "a ping that ErrBadConn answers is tried on another link, as sql.DB does with everything but pings"
	neverErrBadConn = "no error of the pool satisfies driver.ErrBadConn: sql.DB would call again"
	oftener         = "what certainly did not run is tried again eight times, not twice, so that here the program has its answer, and what follows finds the row"
	firstRow        = "a pure read that breaks off before its first row is run again"
	unknownText     = "a statement that is not understood may have changed something before its answer broke off, and ErrBadConn would deny it"
	unanswered      = "what is no proven read, as a query that sleeps in a function, may have taken effect when its context ends before an answer came; the error says so, and is the context's all the same"
	suspects        = "after one ErrBadConn the others are pinged before they are used, so a statement is not tried on each of them, and what ErrSkip leads to is tried again without asking for ErrSkip again"
	endedContext    = "a first use takes a link, which nobody does under a context that has ended; the base is not asked"
	panicLeak       = "a panic below sql.DB costs it the connection; the pool hangs the link up"
)

// A program must not be able to tell the wrapper from the driver below it, in
// any shape that a driver has.
func TestTheWrapperIsLikeItsBase(t *testing.T) {
	needed := map[likeness.Allowed]bool{}
	for _, shape := range fakedriver.Shapes() {
		bare := likeness.Run(t, likeness.Fake(shape, nil))
		for _, mode := range likenessModes {
			t.Run(shape.Name+"/"+mode.name, func(t *testing.T) {
				target := likeness.Fake(shape, func(tb testing.TB, base driver.Connector) driver.Connector {
					c, err := pooled.WrapConnector(base, mode.option)
					if err != nil {
						tb.Fatal(err)
					}
					return c
				})
				target.Unwrap = pooled.Unwrap
				for _, a := range likeness.Report(t, bare, likeness.Run(t, target), mode.allowed) {
					needed[a] = true
				}
			})
		}
	}
	for _, a := range slices.Concat(allowedWithThePool, allowedOverFakes) {
		if !t.Failed() && !needed[a] {
			t.Errorf("%s is allowed to differ and never does", a.Label)
		}
	}
}
