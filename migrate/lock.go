package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pressly/goose/v3/lock"

	"github.com/pooledsql/pooled"
)

// sessionKey names a session lock: a number on PostgreSQL, the one that goose's
// own locker uses, so that both keep each other out; a name on MySQL, where
// locks are the server's and not the database's.
type sessionKey struct {
	number int64
	name   string
}

// waitTold is how often a wait is told.
const waitTold = 5 * time.Second

// limitedToOne reports whether the pool has one connection at most.
func limitedToOne(db *sql.DB) bool {
	if db.Stats().MaxOpenConnections == 1 {
		return true
	}
	p, ok := pooled.From(db)
	return ok && !p.Config().DisablePool && p.Config().MaxConns == 1
}

// acquire takes the lock that the configuration asks for.
func (r *run) acquire(ctx context.Context) error {
	mode := r.m.cfg.Lock
	conn, err := r.m.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	r.conn = conn
	if mode == LockAuto {
		pooler, err := r.s.pooler(ctx, conn)
		if err != nil {
			return fmt.Errorf("migrate: choose a lock: %w", err)
		}
		mode = LockSession
		if pooler {
			mode = LockTable
		}
	}
	r.mode = mode
	if r.session, err = r.s.session(ctx, conn); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	limit := max(r.m.cfg.AcquireTimeout, 0)
	switch mode {
	case LockSession:
		err = r.acquireSession(ctx, limit)
	case LockTable:
		// The lock's own statements need the pool, and the session is nothing
		// to hold on to.
		r.letGoOfConn()
		err = r.acquireTable(ctx, limit)
	}
	r.locked = err == nil
	return err
}

func (r *run) acquireSession(ctx context.Context, limit time.Duration) error {
	key := sessionKey{number: lock.DefaultLockID}
	if r.s.flavor() == pooled.MySQL {
		database, err := one[sql.NullString](ctx, r.conn, "SELECT DATABASE()")
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		key.name = "goose " + hash(database.String, r.m.cfg.Table)[:32]
	}
	told := false
	return r.await(ctx, limit, func() (bool, error) {
		ok, err := r.s.trySession(ctx, r.conn, key, told) // the first time without a wait
		told = true
		return ok, err
	}, func() (Holder, error) { return r.holder(ctx, key) })
}

// await tries until the lock is had, the limit is over or ctx ends, and tells
// who is waited for.
func (r *run) await(ctx context.Context, limit time.Duration, try func() (bool, error), holder func() (Holder, error)) error {
	start := time.Now()
	told := time.Time{}
	for pause := 25 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		ok, err := try()
		if ok {
			r.report.Waited += time.Since(start)
			return nil
		}
		waited := time.Since(start)
		if ctx.Err() != nil {
			return &LockError{waited, Holder{}, context.Cause(ctx)}
		}
		if err != nil {
			return fmt.Errorf("migrate: take the lock: %w", err)
		}
		if over := waited >= limit; over || time.Since(told) > waitTold {
			who, err := holder()
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("migrate: look who has the lock: %w", err)
			}
			if over {
				return &LockError{waited, who, ErrLocked}
			}
			told = time.Now()
			r.m.tell(Event{Kind: EventWaiting, Elapsed: waited, Holder: &who})
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(pause/2+rand.N(pause), limit-waited)):
		}
	}
}

// holder says who has the session lock: what the server tells of the session,
// and what the holder wrote if it is one of ours.
func (r *run) holder(ctx context.Context, key sessionKey) (Holder, error) {
	id, about, err := r.s.sessionHolder(ctx, r.conn, key)
	if err != nil || id == 0 {
		return Holder{}, err
	}
	who := Holder{Session: id, About: about}
	if exists, err := store(r.s, r.h.table).TableExists(ctx, r.conn); err == nil && exists {
		if written, _, ok := r.h.holder(ctx, r.conn); ok && written.Session == id {
			who, who.About = written, about
		}
	}
	return who, nil
}
