package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
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

const (
	lockLease = 30 * time.Second // goose's default
	lockBeat  = 5 * time.Second  // goose's default

	// soloLease is the lease where the pool is limited to one connection, which
	// the migrations use: nobody can renew it meanwhile.
	soloLease = "1 hour"

	waitTold = 5 * time.Second // how often a wait is told
)

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
		return r.acquireSession(ctx, limit)
	case LockTable:
		// The lock's own statements need the pool, and the session is nothing
		// to hold on to.
		r.letGoOfConn()
		return r.acquireTable(ctx, limit)
	}
	return nil
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
	start := time.Now()
	told := time.Time{}
	for pause := 25 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		ok, err := r.s.trySession(ctx, r.conn, key)
		if ok {
			r.report.Waited += time.Since(start)
			return nil
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("migrate: take the lock: %w", err)
		}
		waited := time.Since(start)
		if ctx.Err() != nil {
			return &LockError{waited, Holder{}, context.Cause(ctx)}
		}
		if over := waited >= limit; over || time.Since(told) > waitTold {
			who, err := r.holder(ctx, key)
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("migrate: look who has the lock: %w", err)
			}
			if over {
				return &LockError{waited, who, ErrLocked}
			}
			told = time.Now()
			r.m.tell(Event{Kind: EventWaiting, Elapsed: waited, Holder: &who})
		}
		if r.s.flavor() == pooled.Postgres { // MySQL waits within the server
			pause := min(pause/2+rand.N(pause), limit-waited)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
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
		if written, ok := r.h.holder(ctx, r.conn); ok && written.Session == id {
			who, who.About = written, about
		}
	}
	return who, nil
}

// acquireTable takes goose's table lock, with goose's own locker.
func (r *run) acquireTable(ctx context.Context, limit time.Duration) error {
	const pause = 200 * time.Millisecond
	start, told := time.Now(), time.Duration(0)
	locker, err := r.s.tableLocker(
		lock.WithTableLeaseDuration(lockLease), lock.WithTableHeartbeatInterval(lockBeat),
		lock.WithTableLockTimeout(pause, uint64(limit/pause)+1),
		lock.WithTableUnlockTimeout(pause, 10),
		lock.WithTableLogger(slog.New(slog.DiscardHandler)),
		lock.WithTableRetryPolicy(func(error) bool {
			waited := time.Since(start)
			if waited >= limit || r.unlock != nil {
				return false
			}
			if waited > told {
				told += waitTold
				who := r.tableHolder(ctx)
				r.m.tell(Event{Kind: EventWaiting, Elapsed: waited, Holder: &who})
			}
			return true
		}))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// The heartbeat ends with ctx, and so does the run: within the lease what it
	// had begun is rolled back and the lock given back.
	if err := locker.Lock(ctx, r.m.db); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return &LockError{time.Since(start), Holder{}, cause}
		}
		if who := r.tableHolder(ctx); who.About != "" {
			return &LockError{time.Since(start), who, ErrLocked}
		}
		return fmt.Errorf("migrate: take the lock: %w", err)
	}
	r.unlock = func(ctx context.Context) error { return locker.Unlock(ctx, r.m.db) }
	r.report.Waited += time.Since(start)
	r.owner, err = one[string](ctx, r.m.db, "SELECT locked_by FROM "+lock.DefaultLockTableName+" WHERE lock_id = "+itoa(lock.DefaultLockID))
	if err != nil {
		return fmt.Errorf("migrate: read the lock: %w", err)
	}
	return nil
}

// tableHolder reads goose's lock table.
func (r *run) tableHolder(ctx context.Context) Holder {
	var by string
	var age float64
	now, age1 := "now()", "extract(epoch FROM now() - locked_at)"
	if r.s.flavor() == pooled.MySQL {
		now, age1 = "now(6)", "TIMESTAMPDIFF(MICROSECOND, locked_at, now(6)) / 1000000"
	}
	err := r.m.db.QueryRowContext(ctx, "SELECT locked_by, "+age1+" FROM "+lock.DefaultLockTableName+
		" WHERE lock_id = "+itoa(lock.DefaultLockID)+" AND locked AND lease_expires_at >= "+now).Scan(&by, &age)
	if err != nil {
		return Holder{}
	}
	who, _ := r.h.holder(ctx, r.m.db)
	who.Age = time.Duration(age * float64(time.Second))
	who.About = "locked_by " + by + " in " + lock.DefaultLockTableName
	return who
}

// fence makes sure that the lock is still ours. Within a transaction it then
// stays ours until that ends: a lease can only be taken over by writing to the
// row.
func (r *run) fence(ctx context.Context, q querier) error {
	if r.mode != LockTable {
		return nil
	}
	b := &binder{s: r.s}
	_, err := one[int](ctx, q, "SELECT 1 FROM "+lock.DefaultLockTableName+" WHERE lock_id = "+b.v(lock.DefaultLockID)+
		" AND locked AND locked_by = "+b.v(r.owner)+" FOR UPDATE", b.args...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrLockLost
	}
	return err
}

// extend makes the lease long where nobody can renew it.
func (r *run) extend(ctx context.Context, q querier) error {
	if r.mode != LockTable || !r.solo {
		return nil
	}
	b := &binder{s: r.s}
	until := "now() + interval '" + soloLease + "'"
	if r.s.flavor() == pooled.MySQL {
		until = "now(6) + INTERVAL " + soloLease
	}
	_, err := q.ExecContext(ctx, "UPDATE "+lock.DefaultLockTableName+" SET lease_expires_at = "+until+
		" WHERE lock_id = "+b.v(lock.DefaultLockID)+" AND locked_by = "+b.v(r.owner), b.args...)
	return err
}
