package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
)

// PasswordFunc is for the connector of a base driver: it returns what to ask
// for the password of a server that is about to be logged in to under ctx, or
// nil: the password of the connection string counts. It is [Config.Password],
// but returns at the latest when the context given to it ends, and does not
// panic. Packages pgx and mysql ask once for each server that they try.
func PasswordFunc(ctx context.Context) func(context.Context, Endpoint) (string, error) {
	d, _ := ctx.Value(passwordKey{}).(*passwordDial)
	if d == nil {
		return nil
	}
	return d.ask
}

type passwordKey struct{}

// passwordDial is one dial of a pool whose program tells the password.
type passwordDial struct {
	pool  *Pool
	asked atomic.Bool
}

func (d *passwordDial) ask(ctx context.Context, server Endpoint) (string, error) {
	d.asked.Store(true)
	password, err := d.pool.askPassword(ctx, server)
	if err != nil {
		return "", fmt.Errorf("pooled: Config.Password for %s: %w", server.Host, err)
	}
	return password, nil
}

// errPasswordUnasked is for a dial that went well without the password that
// the program wants to be used: it was made with another one.
var errPasswordUnasked = errors.New("pooled: Config.Password is set, but the base driver did not ask for it: " +
	"it is for connection strings of packages pgx and mysql; a configuration of the program's own has the base driver's BeforeConnect")

// connectBase dials.
func (p *Pool) connectBase(ctx context.Context) (driver.Conn, error) {
	if p.cfg.Password == nil {
		return p.base.Connect(ctx)
	}
	d := &passwordDial{pool: p}
	c, err := p.base.Connect(context.WithValue(ctx, passwordKey{}, d))
	if err == nil && !d.asked.Load() {
		_ = c.Close()
		return nil, errPasswordUnasked
	}
	return c, err
}

// askPassword calls the program's function on a goroutine of its own, so that
// one that ignores its context holds up no dial for longer than that lasts. A
// place is taken until it returns: there are no more of them than dials.
func (p *Pool) askPassword(ctx context.Context, server Endpoint) (string, error) {
	type answer struct {
		password string
		err      error
	}
	select {
	case p.passwords <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	got := make(chan answer, 1)
	go func() {
		a := answer{err: errors.New("it ended its goroutine")}
		defer func() {
			if v := recover(); v != nil {
				a = answer{err: panicWithoutValue(v)}
			}
			<-p.passwords
			got <- a
		}()
		// What it dials itself is no socket of this link.
		own := context.WithValue(ctx, wireKey{}, (*wireSlot)(nil))
		a.password, a.err = p.cfg.Password(own, server)
	}()
	select {
	case a := <-got:
		return a.password, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// panicWithoutValue leaves out what a program panicked with, which may be the
// secret itself, unless the runtime said it.
func panicWithoutValue(v any) error {
	if e, ok := v.(runtime.Error); ok {
		return fmt.Errorf("it panicked: %w", e)
	}
	return fmt.Errorf("it panicked with a %T", v)
}
