package pooled_test

import (
	"database/sql/driver"
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
		name:   "pool on",
		option: func(c *pooled.Config) { c.MinConns = pooled.Off },
		allowed: []likeness.Allowed{
			{Label: "*(stats)", Reason: "sql.DB counts handles; links are counted by the pool"},
			{Label: "*(calls)", Reason: "a link is dialled, reset, checked and closed when the pool sees fit, and statements are prepared once for a link"},
		},
	},
}

// A program must not be able to tell the wrapper from the driver below it, in
// any shape that a driver has.
func TestTheWrapperIsLikeItsBase(t *testing.T) {
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
				reportLikeness(t, bare, likeness.Run(t, target), mode.allowed)
			})
		}
	}
}

// reportLikeness fails the test for each difference that is not allowed.
func reportLikeness(t *testing.T, bare, wrapped *likeness.Transcript, allowed []likeness.Allowed) {
	t.Helper()
	diffs, used := likeness.Compare(bare, wrapped, allowed)
	for _, d := range diffs {
		t.Error(d)
	}
	for _, a := range allowed {
		if slices.Contains(used, a) {
			t.Logf("allowed: %s: %s", a.Label, a.Reason)
		}
	}
	t.Logf("%d lines compared", bare.Len())
}
