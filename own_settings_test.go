package pooled

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// What an application's own calls on its sql.DB do: they act on handles, so no
// link is dialled or closed because of them.
func TestTheApplicationsOwnSettingsActOnHandles(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(*sql.DB)
		most int // statements at once
	}{
		{"nothing", func(*sql.DB) {}, 5},
		{"SetMaxOpenConns below the limit", func(db *sql.DB) { db.SetMaxOpenConns(2) }, 2},
		{"SetMaxOpenConns above it", func(db *sql.DB) { db.SetMaxOpenConns(100) }, 5},
		{"SetMaxIdleConns none", func(db *sql.DB) { db.SetMaxIdleConns(-1) }, 5},
		{"SetMaxIdleConns many", func(db *sql.DB) { db.SetMaxIdleConns(50) }, 5},
		{"SetConnMaxLifetime", func(db *sql.DB) { db.SetConnMaxLifetime(time.Nanosecond) }, 5},
		{"SetConnMaxIdleTime", func(db *sql.DB) { db.SetConnMaxIdleTime(time.Nanosecond) }, 5},
		{"all of them", func(db *sql.DB) {
			db.SetMaxOpenConns(3)
			db.SetMaxIdleConns(1)
			db.SetConnMaxLifetime(time.Nanosecond)
			db.SetConnMaxIdleTime(time.Nanosecond)
		}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, conns(0, 5))
			r.db.SetMaxIdleConns(2) // sql.DB's default
			tt.set(r.db)
			var all sync.WaitGroup
			for caller := range 20 {
				all.Go(func() {
					for i := range 20 {
						if err := r.write(r.db, caller*20+i); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			s := r.pool.Stats()
			if s.Dial.Count() > uint64(tt.most) || s.ClosedIdle+s.ClosedLifetime+s.ClosedBroken != 0 {
				t.Errorf("%d links dialled, want at most %d; closed: idle %d, lifetime %d, broken %d",
					s.Dial.Count(), tt.most, s.ClosedIdle, s.ClosedLifetime, s.ClosedBroken)
			}
			_, _ = From(r.db) // sees what the application has set
			told := strings.Contains(r.pool.Health(context.Background()).Message, "SetMaxOpenConns")
			if want := strings.Contains(tt.name, "Open") || tt.name == "all of them"; told != want {
				t.Errorf("Health tells of SetMaxOpenConns: %t, want %t", told, want)
			}
		})
	}
}
