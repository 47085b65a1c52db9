package migrate

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/pooledsql/pooled"
)

// set is what the program has: the files as they were when New read them, and
// the migrations written in Go.
type set struct {
	fsys       fs.FS
	goGiven    []*goose.Migration
	excluded   []string // files that goose's Provider would refuse to begin with; each is a finding
	migrations []*migration
	byVersion  map[int64]*migration
	findings   []Finding // about names, found while reading
}

// load reads every file and asks goose what it makes of them.
func load(fsys fs.FS, cfg Config) (*set, error) {
	s := &set{fsys: fsys, goGiven: cfg.GoMigrations, byVersion: map[int64]*migration{}}
	if fsys == nil {
		s.fsys = noFiles{}
	}
	files := map[string]*migration{}
	first := map[int64]string{}
	for _, pattern := range []string{"*.sql", "*.go"} {
		names, err := fs.Glob(s.fsys, pattern)
		if err != nil {
			return nil, fmt.Errorf("migrate: list %s: %w", pattern, err)
		}
		for _, name := range names {
			if err := s.add(name, files, first); err != nil {
				return nil, err
			}
		}
	}
	if err := s.excludeUnregistered(files); err != nil {
		return nil, err
	}
	err := s.provide(new(recorder), s.texts(files, false), func(p *goose.Provider) error {
		for _, src := range p.ListSources() {
			m := files[src.Path]
			if m == nil { // registered, without a file here
				m = &migration{name: path.Base(src.Path)}
				if src.Path == "" {
					m.name = ""
				}
			}
			m.version, m.isGo = src.Version, src.Type == goose.TypeGo
			s.migrations = append(s.migrations, m)
			s.byVersion[m.version] = m
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, goose.ErrNoMigrations) {
			return nil, fmt.Errorf("migrate: no file NUMBER_NAME.sql and no Go migration found: %w", err)
		}
		return nil, fmt.Errorf("migrate: %w", err)
	}
	slices.SortFunc(s.migrations, func(a, b *migration) int { return cmp.Compare(a.version, b.version) })
	for _, m := range s.migrations {
		if !m.isGo {
			m.sumText()
		}
	}
	if err := s.findModes(); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	s.checkNumbers()
	return s, nil
}

// add reads one file, unless its name says that it is none of goose's.
func (s *set) add(name string, files map[string]*migration, first map[int64]string) error {
	if strings.HasSuffix(name, "_test.go") {
		return nil
	}
	version, err := goose.NumericComponent(name)
	if err != nil {
		if strings.HasSuffix(name, ".sql") { // goose looks over Go helpers on purpose, over SQL by accident
			s.findings = append(s.findings, Finding{Kind: BadName, File: name,
				Message: "the name does not begin with a number above 0 and an underscore, so goose leaves the file out"})
		}
		return nil
	}
	if other, ok := first[version]; ok {
		s.excluded = append(s.excluded, name)
		s.findings = append(s.findings, Finding{Kind: Duplicate, Version: version, File: name,
			Message: "has the number of " + other})
		return nil
	}
	first[version] = name
	m := &migration{version: version, name: name, isGo: strings.HasSuffix(name, ".go")}
	files[name] = m
	if m.isGo {
		return nil
	}
	if m.src, err = readSource(s.fsys, name); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if m.src.bom {
		s.findings = append(s.findings, Finding{Kind: ByteOrderMark, Version: version, File: name,
			Message: "begins with a byte order mark, which goose itself does not read"})
	}
	return nil
}

// excludeUnregistered finds Go files that nobody registered: goose refuses all
// of the files for one of them.
func (s *set) excludeUnregistered(files map[string]*migration) error {
	for name, m := range files {
		if !m.isGo {
			continue
		}
		one := &set{fsys: only{s.fsys, name}, goGiven: s.goGiven}
		err := one.provide(new(recorder), nil, func(*goose.Provider) error { return nil })
		if err != nil && strings.Contains(err.Error(), "unregistered Go") {
			s.excluded = append(s.excluded, name)
			s.findings = append(s.findings, Finding{Kind: Unregistered, Version: m.version, File: name,
				Message: "its functions are not registered; build it into the program or give them to Config.GoMigrations"})
			delete(files, name)
		} else if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	slices.SortFunc(s.findings, func(a, b Finding) int { return cmp.Compare(a.Version, b.Version) })
	return nil
}

// checkNumbers finds gaps, where numbers count on and are not dates.
func (s *set) checkNumbers() {
	const dates = 1e7 // 20260101, 20260101120000
	for i := 1; i < len(s.migrations); i++ {
		a, b := s.migrations[i-1].version, s.migrations[i].version
		if b < dates && b != a+1 {
			what := fmt.Sprintf("numbers %d to %d are not there", a+1, b-1)
			if b == a+2 {
				what = fmt.Sprintf("number %d is not there", a+1)
			}
			s.findings = append(s.findings, Finding{Kind: Gap, Version: b, File: s.migrations[i].name, Message: what})
		}
	}
}

// texts are the files' texts without what goose does not read: byte order
// marks and, if literal, the annotations that substitute variables.
func (s *set) texts(files map[string]*migration, literal bool) map[string]string {
	out := make(map[string]string, len(files))
	for name, m := range files {
		if literal {
			out[name] = m.src.literal()
		} else if !m.isGo {
			out[name] = m.src.text
		}
	}
	return out
}

// provide makes a Provider of goose's that applies to c and keeps no versions.
func (s *set) provide(c driver.Connector, texts map[string]string, f func(*goose.Provider) error, opts ...goose.ProviderOption) error {
	db := sql.OpenDB(c)
	defer db.Close()
	switch c := c.(type) {
	case *asker:
		db.SetMaxOpenConns(1)
	case *bridge:
		if c.conn != nil {
			db.SetMaxOpenConns(2) // goose keeps one, to no purpose; all lead to the same
		}
	}
	// The dialect is not used: no version is kept.
	p, err := goose.NewProvider(goose.DialectPostgres, db, reader{s.fsys, texts}, append(opts,
		goose.WithDisableVersioning(true), goose.WithGoMigrations(s.goGiven...),
		goose.WithExcludeNames(s.excluded), goose.WithLogger(goose.NopLogger()))...)
	if err != nil {
		return err
	}
	return f(p)
}

// parse reads the statements of SQL migrations that were not read before. What
// cannot be parsed keeps its error.
func (s *set) parse(f pooled.Flavor, ms ...*migration) error {
	var todo, vary []*migration
	texts, literal := map[string]string{}, map[string]string{}
	for _, m := range ms {
		if m.isGo || m.parsed {
			continue
		}
		todo = append(todo, m)
		texts[m.name] = m.src.text
		if l := m.src.literal(); l != m.src.text {
			vary = append(vary, m)
			literal[m.name] = l
		}
	}
	if len(todo) == 0 {
		return nil
	}
	rec := new(recorder)
	read := func(p *goose.Provider, m *migration, up bool) ([]string, error) {
		rec.take()
		_, err := p.ApplyVersion(context.Background(), m.version, up)
		statements, tx := rec.take()
		m.useTx = tx
		return statements, cause(err)
	}
	err := s.provide(rec, texts, func(p *goose.Provider) error {
		for _, m := range todo {
			m.parsed = true
			if m.up.statements, m.err = read(p, m, true); m.err == nil {
				m.down.statements, m.err = read(p, m, false)
			}
			m.up.literal, m.down.literal = m.up.statements, m.down.statements
		}
		return nil
	})
	if err == nil && len(vary) > 0 {
		err = s.provide(rec, literal, func(p *goose.Provider) error {
			for _, m := range vary {
				if m.err != nil {
					continue
				}
				if m.up.literal, m.err = read(p, m, true); m.err == nil {
					m.down.literal, m.err = read(p, m, false)
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, m := range todo {
		if m.err != nil {
			m.err = withoutText(m.err)
		}
		m.hashTokens(f)
	}
	return nil
}

var goQuoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// withoutText takes out of an error of goose's parser what it quotes of the
// file, but for its annotations: statements may hold secrets.
func withoutText(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(goQuoted.ReplaceAllStringFunc(text, func(q string) string {
		if strings.Contains(q, "+goose") {
			return q
		}
		return `"..."`
	}))
}

// cause takes off what goose wraps around an error and says nothing here.
func cause(err error) error {
	if p, ok := errors.AsType[*goose.PartialError](err); ok {
		return p.Err
	}
	return err
}

// only shows one file of a file system.
type only struct {
	fs.FS
	name string
}

func (o only) Glob(pattern string) ([]string, error) {
	if ok, err := path.Match(pattern, o.name); !ok || err != nil {
		return nil, err
	}
	return []string{o.name}, nil
}

// noFiles is a file system with nothing in it.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (noFiles) Glob(string) ([]string, error) { return nil, nil }
