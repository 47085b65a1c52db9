package migrate

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"sync"

	"github.com/pooledsql/pooled"
)

// Migrator applies the migrations of one directory to one database. Its methods
// may be called from several goroutines; those that change something take turns.
type Migrator struct {
	db  *sql.DB
	cfg Config
	set *set

	running chan struct{} // has room for whoever changes something
	parsing sync.Mutex    // guards what set.parse fills in

	mu    sync.Mutex // guards what follows
	kind  server     // once it is known
	stats Stats
}

// New reads the migrations at the root of fsys (an embed.FS, os.DirFS, fs.Sub,
// or nil if all are written in Go) and remembers them as they are now. It does
// not use db. The error names what is wrong with the configuration, and says so
// if there is no migration at all; what is wrong with single files is for
// [Migrator.Validate] to tell, all at once.
func New(db *sql.DB, fsys fs.FS, opts ...Option) (*Migrator, error) {
	if db == nil {
		return nil, errors.New("migrate: New needs a *sql.DB, not nil")
	}
	var cfg Config
	for _, opt := range opts {
		opt(&cfg)
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := load(fsys, cfg)
	if err != nil {
		return nil, err
	}
	return &Migrator{db: db, cfg: cfg, set: s, running: make(chan struct{}, 1), stats: Stats{Pending: -1}}, nil
}

// server finds out once which kind of server there is.
func (m *Migrator) server(ctx context.Context) (server, error) {
	m.mu.Lock()
	s := m.kind
	m.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := serverOf(ctx, m.db, m.cfg)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.kind = s
	m.mu.Unlock()
	return s, nil
}

func (m *Migrator) history(s server) history { return history{s, m.cfg.Table + "_history"} }

func (m *Migrator) parse(f pooled.Flavor, ms ...*migration) error {
	m.parsing.Lock()
	defer m.parsing.Unlock()
	return m.set.parse(f, ms...)
}

// tell reports an event.
func (m *Migrator) tell(e Event) {
	if m.cfg.Progress != nil {
		m.cfg.Progress(e)
	}
	m.log(e)
}

// look reads what the database says of the migrations, without a lock.
func (m *Migrator) look(ctx context.Context) (server, *state, error) {
	s, err := m.server(ctx)
	if err != nil {
		return nil, nil, err
	}
	st, err := m.readState(ctx, s, m.db)
	return s, st, err
}
