package migrate

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pressly/goose/v3/lock"

	"github.com/pooledsql/pooled"
)

// The table lock is goose's: its table, its number, its lease, so that goose's
// own lockers and this one keep each other out. It is written here because
// goose's needs parseTime in a DSN of MySQL, says nothing of a lease that it
// lost, and tells a refusal from a failure by no more than its text.

const (
	lockTable = lock.DefaultLockTableName
	lockLease = 30 * time.Second // goose's default
	lockBeat  = 5 * time.Second  // goose's default

	// soloLease is the lease where the pool has one connection, which the
	// migrations use: nobody can renew it meanwhile.
	soloLease = time.Hour
)

// lockSQL are the statements on goose's table.
type lockSQL struct {
	s     server
	owner string
}

func (l lockSQL) create() string {
	if l.s.flavor() == pooled.MySQL {
		return "CREATE TABLE IF NOT EXISTS " + lockTable + ` (
		lock_id BIGINT NOT NULL PRIMARY KEY,
		locked BOOLEAN NOT NULL DEFAULT 0,
		locked_at DATETIME(6) NULL,
		locked_by TEXT NULL,
		lease_expires_at DATETIME(6) NULL,
		updated_at DATETIME(6) NULL
	)`
	}
	return "CREATE TABLE IF NOT EXISTS " + lockTable + ` (
		lock_id bigint NOT NULL PRIMARY KEY,
		locked boolean NOT NULL DEFAULT false,
		locked_at timestamptz NULL,
		locked_by text NULL,
		lease_expires_at timestamptz NULL,
		updated_at timestamptz NULL
	)`
}

func (l lockSQL) now() string {
	if l.s.flavor() == pooled.MySQL {
		return "now(6)"
	}
	return "clock_timestamp()"
}

func (l lockSQL) in(d time.Duration) string {
	if l.s.flavor() == pooled.MySQL {
		return fmt.Sprintf("now(6) + INTERVAL %d SECOND", int(d.Seconds()))
	}
	return fmt.Sprintf("clock_timestamp() + interval '%d seconds'", int(d.Seconds()))
}

// exec runs a statement and returns how many rows it changed.
func (l lockSQL) exec(ctx context.Context, q querier, b *binder, query string) (int64, error) {
	res, err := q.ExecContext(ctx, query, b.args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// take takes the lock if it is free or its lease is over.
func (l lockSQL) take(ctx context.Context, q querier, lease time.Duration) (bool, error) {
	b := &binder{s: l.s}
	ignore, conflict := "", " ON CONFLICT DO NOTHING"
	if l.s.flavor() == pooled.MySQL {
		ignore, conflict = "IGNORE ", ""
	}
	n, err := l.exec(ctx, q, b, "INSERT "+ignore+"INTO "+lockTable+" (lock_id, locked, locked_at, locked_by, lease_expires_at, updated_at) VALUES ("+
		b.v(lock.DefaultLockID)+", true, "+l.now()+", "+b.v(l.owner)+", "+l.in(lease)+", "+l.now()+")"+conflict)
	if err != nil || n == 1 {
		return n == 1, err
	}
	b = &binder{s: l.s}
	n, err = l.exec(ctx, q, b, "UPDATE "+lockTable+" SET locked = true, locked_at = "+l.now()+", locked_by = "+b.v(l.owner)+
		", lease_expires_at = "+l.in(lease)+", updated_at = "+l.now()+" WHERE lock_id = "+b.v(lock.DefaultLockID)+
		" AND (locked = false OR lease_expires_at < "+l.now()+")")
	return n == 1, err
}

// renew makes the lease longer; false: the lock is somebody else's.
func (l lockSQL) renew(ctx context.Context, q querier, lease time.Duration) (bool, error) {
	b := &binder{s: l.s}
	n, err := l.exec(ctx, q, b, "UPDATE "+lockTable+" SET lease_expires_at = "+l.in(lease)+", updated_at = "+l.now()+
		" WHERE lock_id = "+b.v(lock.DefaultLockID)+" AND locked AND locked_by = "+b.v(l.owner))
	return n == 1, err
}

func (l lockSQL) release(ctx context.Context, q querier) error {
	b := &binder{s: l.s}
	_, err := l.exec(ctx, q, b, "UPDATE "+lockTable+" SET locked = false, locked_at = NULL, locked_by = NULL, lease_expires_at = NULL, updated_at = "+
		l.now()+" WHERE lock_id = "+b.v(lock.DefaultLockID)+" AND locked_by = "+b.v(l.owner))
	return err
}

// holder reads who has the lock.
func (l lockSQL) holder(ctx context.Context, q querier) (by string, age time.Duration, err error) {
	seconds := "extract(epoch FROM clock_timestamp() - locked_at)"
	if l.s.flavor() == pooled.MySQL {
		seconds = "TIMESTAMPDIFF(MICROSECOND, locked_at, now(6)) / 1000000"
	}
	var n float64
	err = q.QueryRowContext(ctx, "SELECT locked_by, "+seconds+" FROM "+lockTable+" WHERE lock_id = "+itoa(lock.DefaultLockID)+" AND locked").Scan(&by, &n)
	return by, time.Duration(n * float64(time.Second)), err
}

// acquireTable waits for the table lock and keeps it alive until release.
func (r *run) acquireTable(ctx context.Context, limit time.Duration) error {
	host, _ := os.Hostname()
	r.table = lockSQL{r.s, fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])}
	_, err := r.m.db.ExecContext(ctx, r.table.create())
	if err != nil { // PostgreSQL refuses the second of two at once; then it is there
		_, err = r.m.db.ExecContext(ctx, r.table.create())
	}
	if err != nil {
		return fmt.Errorf("migrate: create %s: %w", lockTable, err)
	}
	lease := lockLease
	if r.solo {
		lease = soloLease
	}
	return r.await(ctx, limit, func() (bool, error) {
		ok, err := r.table.take(ctx, r.m.db, lease)
		if err != nil && r.s.lockTimedOut(err) { // on another node of a cluster somebody was faster
			return false, nil
		}
		return ok, err
	}, func() (Holder, error) {
		by, age, err := r.table.holder(ctx, r.m.db)
		if err != nil {
			return Holder{}, nil // free in this moment, or the next try tells what is wrong
		}
		who, owner, ok := r.h.holder(ctx, r.m.db)
		if !ok || owner != by {
			who = Holder{} // plain goose
		}
		who.Age, who.About = age, "locked_by "+by+" in "+lockTable
		return who, nil
	})
}

// keep renews the lease in the background until the function that it returns
// is called.
func (r *run) keep() (end func()) {
	if r.solo {
		return func() {}
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.beat(ctx)
	}()
	return func() {
		stop()
		<-ended
	}
}

// beat renews the lease until ctx ends. When it was not to be renewed in time,
// somebody else may be at work, and the run is stopped.
func (r *run) beat(ctx context.Context) {
	tick := time.NewTicker(lockBeat)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		sent := time.Now()
		short, cancel := context.WithDeadline(ctx, last.Add(lockLease))
		ok, err := r.table.renew(short, r.m.db, lockLease)
		cancel()
		switch {
		case err == nil && ok:
			last = sent
		case err == nil || time.Since(last) >= lockLease:
			r.abort(ErrLockLost)
			return
		}
	}
}

// fence makes sure that the lock is still ours. Within a transaction it then
// stays ours until that ends: a lease can only be taken over by writing to the
// row.
func (r *run) fence(ctx context.Context, q querier) error {
	switch {
	case r.mode == LockSession && r.s.flavor() == pooled.Postgres:
		// Another session means a pooler in between that was not recognized.
		if pid, err := r.s.session(ctx, q); err != nil || pid == r.session {
			return err
		}
		return fmt.Errorf("%w: this is not the session that took it, as behind a pooler; Config.Lock = LockTable holds there", ErrLockLost)
	case r.mode != LockTable:
		return nil
	}
	b := &binder{s: r.s}
	_, err := one[int](ctx, q, "SELECT 1 FROM "+lockTable+" WHERE lock_id = "+b.v(lock.DefaultLockID)+
		" AND locked AND locked_by = "+b.v(r.table.owner)+" FOR UPDATE", b.args...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrLockLost
	}
	return err
}
