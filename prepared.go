package pooled

import (
	"context"
	"database/sql/driver"
	"sync"
	"sync/atomic"
)

// stmtText is a text that open statements of the program have in common. A
// twin (a prepared statement on a link) made for it lives while it is open;
// reopening the text later makes a new stmtText, so that an old twin, planned
// before a change of the schema, never answers for it.
type stmtText struct {
	query string
	open  int // guarded by stmtTexts.mu
}

// stmtTexts counts the open statements of a pool by text. Its size is bounded
// by what the program holds open.
type stmtTexts struct {
	mu    sync.Mutex // never held during I/O
	texts map[string]*stmtText

	// closed counts the texts that the program closed for good. A link that
	// sees it grown at the start of a loan closes the twins that they left.
	closed atomic.Uint64
}

func (t *stmtTexts) acquire(query string) *stmtText {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := t.texts[query]
	if text == nil {
		if t.texts == nil {
			t.texts = make(map[string]*stmtText)
		}
		text = &stmtText{query: query}
		t.texts[query] = text
	}
	text.open++
	return text
}

// release reports whether that was the last open statement with the text.
func (t *stmtTexts) release(text *stmtText) (last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text.open--; text.open > 0 {
		return false
	}
	delete(t.texts, text.query)
	t.closed.Add(1)
	return true
}

// sweepClosed closes the twins in c whose text the program has closed since
// the last time.
func (t *stmtTexts) sweepClosed(c *preparedCache) {
	n := t.closed.Load()
	if c.closedSeen == n {
		return
	}
	c.closedSeen = n
	var left []*twin
	t.mu.Lock()
	for w := c.root.next; w != &c.root; w = w.next {
		if w.text != nil && w.text.open == 0 {
			left = append(left, w)
		}
	}
	t.mu.Unlock()
	for _, w := range left {
		c.drop(w)
	}
}

// twin is a statement prepared on one link.
type twin struct {
	sql        string
	base       driver.Stmt
	text       *stmtText // nil: made for a plain query
	args       argChecker
	pins       int // open rows and runs that need it
	dropped    bool
	prev, next *twin // in order of use, most recent first
}

func newTwin(query string, base driver.Stmt, text *stmtText, conn driver.NamedValueChecker) *twin {
	t := &twin{sql: query, base: base, text: text}
	t.args.want = base.NumInput()
	// A statement's own checker shadows the connection's.
	if named, ok := base.(driver.NamedValueChecker); ok {
		t.args.named = named
	} else {
		t.args.named = conn
	}
	t.args.column, _ = base.(driver.ColumnConverter)
	return t
}

// preparedCache holds the twins of one link, the least recently used closed
// first. It belongs to who has the link on loan. Closing a twin is I/O, so it
// happens only there; a twin that is dropped while rows pin it is closed when
// they end.
type preparedCache struct {
	byText map[string]*twin
	root   twin // ring of twins by use
	cap    int
	stale  bool // forget was called: close everything at the next chance

	closedSeen uint64 // stmtTexts.closed when last looked at
}

func (c *preparedCache) init(size int) {
	c.cap = size
	c.root.prev, c.root.next = &c.root, &c.root
}

// get returns the twin for query, or nil. The caller decides whether it still
// means the same.
func (c *preparedCache) get(query string) *twin {
	c.sweep()
	if t := c.root.next; t != &c.root && t.sql == query {
		return t // as the last time, which is mostly so and spares the map
	}
	t := c.byText[query]
	if t != nil {
		t.unlink()
		c.front(t)
	}
	return t
}

// put keeps t, at the price of the least recently used ones.
func (c *preparedCache) put(t *twin) {
	if c.byText == nil {
		c.byText = make(map[string]*twin)
	}
	c.byText[t.sql] = t
	c.front(t)
	c.shrink(c.cap)
}

// shrink closes the least recently used twins that nothing pins until at most
// size are left.
func (c *preparedCache) shrink(size int) {
	for t := c.root.prev; t != &c.root && len(c.byText) > size; {
		older := t.prev
		if t.pins == 0 {
			c.drop(t)
		}
		t = older
	}
}

// drop takes t out and closes it, at once or when its last pin goes.
func (c *preparedCache) drop(t *twin) {
	if t.dropped {
		return
	}
	t.dropped = true
	t.unlink()
	delete(c.byText, t.sql)
	if t.pins == 0 {
		t.base.Close()
	}
}

// forget makes all twins void without touching the server: what they were
// prepared under may have changed. They are closed at the next use.
func (c *preparedCache) forget() { c.stale = len(c.byText) > 0 }

func (c *preparedCache) sweep() {
	if c.stale {
		c.stale = false
		for c.root.next != &c.root {
			c.drop(c.root.next)
		}
	}
}

// unpin lets go of t. It is closed if it was dropped meanwhile, or if there is
// no room for it.
func (c *preparedCache) unpin(t *twin) {
	if t.pins--; t.pins > 0 {
		return
	}
	if t.dropped {
		t.base.Close()
	} else if len(c.byText) > c.cap {
		c.drop(t)
	}
}

// exec runs the twin on the base as ctxDriverStmtExec in database/sql does.
func (t *twin) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s, ok := t.base.(driver.StmtExecContext); ok {
		return s.ExecContext(ctx, args)
	}
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return t.base.Exec(values)
}

// query runs the twin on the base as ctxDriverStmtQuery in database/sql does.
func (t *twin) query(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s, ok := t.base.(driver.StmtQueryContext); ok {
		return s.QueryContext(ctx, args)
	}
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return t.base.Query(values)
}

func (c *preparedCache) front(t *twin) {
	t.prev, t.next = &c.root, c.root.next
	t.prev.next, t.next.prev = t, t
}

func (t *twin) unlink() { t.prev.next, t.next.prev = t.next, t.prev }
