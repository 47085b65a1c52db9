package pooled

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// cacheWays is how many entries share the places of one hash value.
const cacheWays = 4

// maxCachedQuery is the longest text that is kept. A longer one costs more to
// hash and to hold than it saves.
const maxCachedQuery = 16 << 10

// statementCache keeps the Statement of texts that come again. A hit reads two
// or three words that nobody writes, so callers do not wait for each other,
// and allocates nothing.
//
// A text is admitted when it comes for the second time: a program that writes
// its literals into the text, and so never repeats one, fills a table of
// hashes and displaces nothing.
type statementCache struct {
	flavor Flavor
	safe   *safeFunctions
	adopt  func(*Statement) // is shown what will be kept, before anybody else sees it; may be nil
	seed   maphash.Seed
	mask   uint64
	slots  []atomic.Pointer[cacheEntry]
	door   []atomic.Uint32 // hashes of texts that came once
	missed atomic.Uint64   // texts that were not there

	maxBytes int
	mu       sync.Mutex // of those who admit; never waited for
	bytes    int        // held by all entries
	hand     int        // next slot to be looked at when bytes run out
}

// cacheEntry is fixed once it is in a slot, save for used.
type cacheEntry struct {
	hash  uint64
	query string
	size  int
	used  atomic.Bool // since the hand last passed
	stmt  Statement
}

// newStatementCache returns a cache of at most that many entries, which hold
// at most that many bytes together. With no entries it classifies every time.
func newStatementCache(f Flavor, safe *safeFunctions, entries, bytes int) *statementCache {
	c := &statementCache{flavor: f, safe: safe, seed: maphash.MakeSeed(), maxBytes: bytes}
	if entries < cacheWays || bytes <= 0 {
		return c
	}
	sets := 1
	for sets*2*cacheWays <= entries {
		sets *= 2
	}
	c.mask = uint64(sets - 1)
	c.slots = make([]atomic.Pointer[cacheEntry], sets*cacheWays)
	c.door = make([]atomic.Uint32, sets*cacheWays)
	return c
}

// get returns what is known of query. The Statement is shared: nobody may
// change it.
func (c *statementCache) get(query string) *Statement {
	st, _ := c.find(query)
	return st
}

// find is get and tells whether it was known.
func (c *statementCache) find(query string) (st *Statement, known bool) {
	if len(c.slots) == 0 || len(query) > maxCachedQuery {
		c.missed.Add(1)
		s := classifyWith(c.flavor, query, c.safe)
		return &s, false
	}
	h := maphash.String(c.seed, query)
	set := c.set(h)
	for i := range set {
		e := set[i].Load()
		if e != nil && e.hash == h && e.query == query {
			if !e.used.Load() {
				e.used.Store(true)
			}
			return &e.stmt, true
		}
	}
	return c.miss(query, h), false
}

// set returns the slots in which a text with that hash may be.
func (c *statementCache) set(h uint64) []atomic.Pointer[cacheEntry] {
	i := int(h&c.mask) * cacheWays
	return c.slots[i : i+cacheWays : i+cacheWays]
}

// miss classifies query and admits it if it came before.
func (c *statementCache) miss(query string, h uint64) *Statement {
	c.missed.Add(1)
	if !c.seen(h) {
		s := classifyWith(c.flavor, query, c.safe)
		return &s
	}
	// The caller's string may be a small part of a large one, which the cache
	// would keep alive.
	e := &cacheEntry{hash: h, query: strings.Clone(query)}
	e.stmt = classifyWith(c.flavor, e.query, c.safe)
	if c.adopt != nil {
		c.adopt(&e.stmt)
	}
	e.size = e.bytes()
	if c.mu.TryLock() {
		c.admit(e)
		c.mu.Unlock()
	}
	return &e.stmt
}

// seen tells whether a text with that hash came before, and notes that it did.
// There are two places for it, since two texts that always took the one place
// from each other would never be admitted.
func (c *statementCache) seen(h uint64) bool {
	mark := uint32(h>>32) | 1
	i := h >> 8 & uint64(len(c.door)/2-1)
	pair := c.door[2*i : 2*i+2]
	first, second := pair[0].Load(), pair[1].Load()
	if first == mark || second == mark {
		return true
	}
	if first == 0 || second != 0 && (first^mark)&2 == 0 {
		pair[0].Store(mark)
	} else {
		pair[1].Store(mark)
	}
	return false
}

// bytes is what an entry holds, near enough.
func (e *cacheEntry) bytes() int {
	return int(unsafe.Sizeof(*e)) + len(e.query) + len(e.stmt.Digest) + len(e.stmt.Summary) +
		len(e.stmt.Tables)*int(unsafe.Sizeof(""))
}

// admit puts e into a slot; mu is held.
func (c *statementCache) admit(e *cacheEntry) {
	if e.size > c.maxBytes/4 {
		return
	}
	set := c.set(e.hash)
	victim := -1
	for i := range set {
		old := set[i].Load()
		if old == nil {
			victim = i
			break
		}
		if old.hash == e.hash && old.query == e.query {
			return // another caller was faster
		}
		if victim < 0 && !old.used.Swap(false) {
			victim = i
		}
	}
	if victim < 0 {
		victim = int(e.hash >> 60 & (cacheWays - 1))
	}
	if old := set[victim].Swap(nil); old != nil {
		c.bytes -= old.size
	}
	// Two rounds of the hand empty every slot if need be.
	for n := 2 * len(c.slots); c.bytes+e.size > c.maxBytes && n > 0; n-- {
		slot := &c.slots[c.hand]
		if old := slot.Load(); old != nil && !old.used.Swap(false) {
			slot.Store(nil)
			c.bytes -= old.size
		}
		if c.hand++; c.hand == len(c.slots) {
			c.hand = 0
		}
	}
	c.bytes += e.size
	set[victim].Store(e)
}
