package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/monitor"
)

// The load of Watch: quiet, busy and crowded in turn, and now and then somebody
// who forgets to give a connection back.
const (
	phase       = 20 * time.Second
	forgetAfter = 45 * time.Second
	forgetFor   = 8 * time.Second
	watchLeak   = 3 * time.Second
)

var crowd = []int64{2, 8, 25} // callers, for 10 connections

// Watch serves the live page of package monitor at addr, over a pool under a
// changing load, until ctx ends.
func Watch(ctx context.Context, out screen, o Options, addr string) error {
	o.setDefaults()
	t, err := newTarget(o.DSN)
	if err != nil {
		return err
	}
	defer t.close()
	if err := t.reach(ctx); err != nil {
		return fmt.Errorf("cannot run a query on %s: %w", t.name, err)
	}
	db, pool, err := t.open(func(c *pooled.Config) {
		c.Name, c.MaxConns, c.LeakAfter, c.HealthCheckPeriod = "demo", o.Conns, watchLeak, time.Second
		c.SlowQuery, c.SlowQueryCaller = 30*time.Millisecond, true
	})
	if err != nil {
		return err
	}
	defer db.Close()

	mon := monitor.Handler([]*pooled.Pool{pool})
	defer mon.Close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mon, ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(mon.Close)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wanted atomic.Int64
	var wg sync.WaitGroup
	for i := range crowd[len(crowd)-1] {
		wg.Go(func() {
			for ctx.Err() == nil {
				if i < wanted.Load() {
					_ = t.ask(ctx, db, t.query(1+rand.IntN(40)), rand.IntN(sqliteRows)) // the page shows what fails
				}
				pause(ctx, time.Duration(5+rand.IntN(30))*time.Millisecond)
			}
		})
	}
	wg.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			wanted.Store(crowd[n%len(crowd)])
			pause(ctx, phase)
		}
	})
	wg.Go(func() {
		for pause(ctx, forgetAfter); ctx.Err() == nil; pause(ctx, forgetAfter) {
			if giveBack, err := placeOrder(ctx, t, db); err == nil {
				pause(ctx, forgetFor)
				giveBack()
			}
		}
	})
	fmt.Fprintf(out, "The live page is at %s. The load on %s changes every %v; every %v a connection leaks for %v. Ctrl-C ends it.\n",
		out.Bold("http://"+listener.Addr().String()+"/"), t.name, phase, forgetAfter, forgetFor)

	select {
	case err = <-failed:
	case <-ctx.Done():
		stop, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		err = server.Shutdown(stop)
		<-failed
	}
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
