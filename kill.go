package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

// When a context ends, go-sql-driver closes the socket and the server goes on
// with the statement; its session keeps its slot of MaxConns until it is
// done. So the server is told from another session to end it: on a link that
// nobody uses, or on the next that comes back, or on a new one where there is
// room for it. It is tried once, and in the background.
//
// It cannot hit a statement of anybody else. The session has one client, whose
// socket is closed, so it never gets another statement: late, the order finds
// it ending or gone. Its number is not given to another session while the
// server lives. And because a balancer may lead to another server, where that
// number means somebody else, the session must show our socket's port first.

// KillDialect is what a Dialect has too when a server goes on with statements
// whose connection was closed, and can be told to end them.
type KillDialect interface {
	// SessionID reads the server's number for a session from the first bytes
	// that it sent; 0: not known.
	SessionID(greeting []byte) uint64
	// FindSession returns the query that counts the sessions with that number
	// whose client has that port; 0 is a Unix socket.
	FindSession(id uint64, port int) string
	// KillStatement returns the statement that ends what the session does.
	KillStatement(id uint64) string
	// KillSession returns the one that ends the session itself.
	KillSession(id uint64) string
}

// sessionRef is how a server knows a session.
type sessionRef struct {
	id   uint64 // 0: not known
	port int    // of the client's side; 0: a Unix socket, -1: not known
}

// killTimeout bounds the order to end a statement.
const killTimeout = 2 * time.Second

// greeted learns from the first bytes that the server sent how it calls the
// session.
func (l *link) greeted(greeting []byte) {
	d, ok := l.pool.dialect.(KillDialect)
	w := l.wire.cur.Load()
	if !ok || w == nil {
		return
	}
	l.ref.id = d.SessionID(greeting)
	l.ref.port = -1
	switch a := w.LocalAddr().(type) {
	case *net.UnixAddr:
		l.ref.port = 0
	case *net.TCPAddr:
		if a.Port != 0 { // else a tunnel that does not tell
			l.ref.port = a.Port
		}
	}
}

// abandoned is called when a statement on l was cancelled: if the base has
// closed the link over it, the server is told to end the statement.
func (p *Pool) abandoned(l *link) {
	if l.ref.id == 0 || l.ref.port < 0 || l.killed || p.cfg.DisableKillQuery || !l.wire.closed() {
		return
	}
	l.killed = true
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutdown || p.closed.Load() {
		return
	}
	p.kills = append(p.kills, l)
	if len(p.kills) == 1 {
		p.raiseLocked(true) // before we look: see handle.go
	}
	if free := p.takeIdleLocked(); free != nil {
		p.giveLocked(free)
		return
	}
	p.dialLocked()
}

// takeKillsLocked empties the list of sessions to be told.
func (p *Pool) takeKillsLocked() []*link {
	kills := p.kills
	if len(kills) > 0 {
		p.kills = nil
		p.raiseLocked(false)
	}
	return kills
}

// forgetKillLocked is for a link whose server's side has ended by itself.
func (p *Pool) forgetKillLocked(l *link) {
	if i := slices.Index(p.kills, l); i >= 0 {
		if p.kills = slices.Delete(p.kills, i, i+1); len(p.kills) == 0 {
			p.raiseLocked(false)
		}
	}
}

// killLocked uses l, which nobody else does, to end the statements that wait
// for it, and gives it back.
func (p *Pool) killLocked(l *link) {
	kills, background := p.takeKillsLocked(), p.dialCtx
	p.goLocked(func() {
		err := guarded(func() error {
			ctx, cancel := context.WithTimeout(background, killTimeout)
			defer cancel()
			for _, k := range kills {
				if err := l.killStatement(ctx, k.ref); err != nil {
					return err
				}
			}
			return nil
		})
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			l.broken = true
			p.hangUpLocked(l, closedBroken)
			return
		}
		l.heard = nano()
		p.giveLocked(l)
	})
}

// killStatement ends what another session is doing. The error says that l
// cannot be used any more.
func (l *link) killStatement(ctx context.Context, s sessionRef) error {
	d := l.pool.dialect.(KillDialect)
	n, err := l.queryText(ctx, d.FindSession(s.id, s.port))
	if err == nil && n == "1" {
		if err = l.execText(ctx, d.KillStatement(s.id)); err == nil {
			l.pool.stats.kills.Add(1)
		}
	}
	if l.pool.fault(err) == FaultProgram {
		return nil // it has ended by itself, or we may not
	}
	return err
}

// errNoText is what a dialect's own statements end in on a base that only
// prepares.
var errNoText = errors.New("pooled: the base driver runs no statement without preparing it")

// execText runs a statement of the dialect's.
func (l *link) execText(ctx context.Context, text string) error {
	if l.execer == nil {
		return errNoText
	}
	_, err := l.execer.ExecContext(ctx, text, nil)
	return err
}

// queryText returns the first value of the answer to a query of the dialect's,
// "" for NULL. No row is an error.
func (l *link) queryText(ctx context.Context, query string) (text string, err error) {
	if l.queryer == nil {
		return "", errNoText
	}
	rows, err := l.queryer.QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	value := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(value); err != nil {
		return "", err
	}
	switch v := value[0].(type) {
	case nil:
		return "", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case []byte:
		return string(v), nil
	default:
		return fmt.Sprint(v), nil
	}
}
