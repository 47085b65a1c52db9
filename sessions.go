package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// SessionsDialect is what a Dialect has too when its server can be asked how
// many sessions it has.
type SessionsDialect interface {
	// Sessions returns the query for one row of five numbers: the most
	// sessions that the server takes; how many of these it keeps for
	// administrators; how many there are; how many of them run something; how
	// many are idle in a transaction. What it does not know is NULL.
	Sessions() string
}

// Sessions is the server's own view of its sessions, of all clients. -1 is
// what it did not tell.
type Sessions struct {
	At       time.Time // when it was asked
	Max      int       // max_connections
	Reserved int       // of these, kept for administrators
	Open     int
	Active   int // run something
	IdleInTx int
}

// sessionsEvery is how old an answer about sessions may be.
const sessionsEvery = 5 * time.Second

// sessionsView remembers what the server said last.
type sessionsView struct {
	mu   sync.Mutex
	busy chan struct{} // capacity 1: who asks holds it
	last Sessions
	err  error
	at   int64 // nano()
	any  bool
}

// Sessions asks the server about its sessions, on a link of the pool that
// nobody uses and at most every five seconds; in between, and while somebody
// else asks, it returns what the server said last. The error is
// errors.ErrUnsupported when the dialect does not know how to ask.
func (p *Pool) Sessions(ctx context.Context) (Sessions, error) {
	d, ok := p.dialect.(SessionsDialect)
	if !ok {
		return Sessions{}, fmt.Errorf("pooled: Sessions: %w by this dialect", errors.ErrUnsupported)
	}
	v := &p.sessions
	v.mu.Lock()
	if v.busy == nil {
		v.busy = make(chan struct{}, 1)
	}
	last, err, known := v.last, v.err, v.any
	fresh := known && nano()-v.at < int64(sessionsEvery)
	v.mu.Unlock()
	if fresh {
		return last, err
	}
	select {
	case v.busy <- struct{}{}:
		defer func() { <-v.busy }()
	default:
		if known {
			return last, err
		}
		select {
		case v.busy <- struct{}{}:
			defer func() { <-v.busy }()
		case <-ctx.Done():
			return Sessions{}, ctx.Err()
		}
	}
	asked, err := p.askSessions(ctx, d.Sessions())
	if err != nil && ctx.Err() != nil {
		return Sessions{}, err // it speaks of this caller, not of the server
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last, v.err, v.at, v.any = asked, err, nano(), true
	return asked, err
}

// askSessions runs the query as one more caller of the pool.
func (p *Pool) askSessions(ctx context.Context, query string) (Sessions, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.HealthProbeTimeout)
	defer cancel()
	h := &conn{pool: p, quiet: true, wants: sessionsStatement}
	l, err := p.acquire(ctx, h, false)
	if err != nil {
		return Sessions{}, err
	}
	p.mu.Lock()
	l.holder = nil // nobody's loan, as with a keepalive
	p.mu.Unlock()
	row, err := l.firstRow(ctx, query, 5)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch f := p.fault(err); {
	case err == nil, f == FaultProgram:
		p.giveLocked(l)
	default:
		l.broken = true
		p.hangUpLocked(l, closedBroken)
	}
	if err != nil {
		return Sessions{}, sealed(err)
	}
	return Sessions{time.Now(), row[0], row[1], row[2], row[3], row[4]}, nil
}

// firstRow returns the n numbers of the answer to query; -1 for NULL.
func (l *link) firstRow(ctx context.Context, query string, n int) (numbers []int, err error) {
	if l.queryer == nil {
		return nil, fmt.Errorf("pooled: the driver runs no plain queries: %w", errors.ErrUnsupported)
	}
	err = guarded(func() error {
		rows, err := l.queryer.QueryContext(ctx, query, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		values := make([]driver.Value, len(rows.Columns()))
		if err := rows.Next(values); err != nil {
			return err
		}
		if len(values) != n {
			return fmt.Errorf("pooled: the dialect's query has %d columns, want %d", len(values), n)
		}
		for _, v := range values {
			numbers = append(numbers, wholeNumber(v))
		}
		return nil
	})
	return numbers, err
}

// wholeNumber reads a value of a driver; -1 for what is none.
func wholeNumber(v driver.Value) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case uint64: // go-sql-driver, for unsigned columns
		return int(v)
	case []byte:
		return wholeNumber(string(v))
	case string:
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	}
	return -1
}
