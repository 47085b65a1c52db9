package pooled

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// maxErrorCodes bounds how many kinds of error are told apart; the rest count
// as "other".
const maxErrorCodes = 200

// measures are the figures of all loans and statements. Tapes are played into it, some
// tens of statements at a time, so its lock is not one that callers meet.
type measures struct {
	on        bool
	limit     int   // digests that are told apart
	slowAfter int64 // nanoseconds; the largest number when that is off
	scoped    bool  // traces count as scopes

	mu      sync.Mutex // never held during I/O or a call out of this file
	digests map[uint64]*digest
	list    []*digest // the same, to choose from at random
	other   [classes]digest
	use     durations  // of loans that are over; never forgotten
	ran     uint64     // statements; never forgotten
	busy    int64      // how long they took in all; never forgotten
	door    []doorMark // fingerprints that were not told apart, and how often they came
	refused int        // since the digests last grew older
	execute durations  // of statements that were timed to their first answer
	read    durations  // of these, from there to the end
	errors  map[string]uint64
	tx      txFigures
	since   time.Time // when all this was begun
}

const classes = len(classNames)

// digest is what is known of all statements with one digest.
type digest struct {
	operation, text, summary string
	class                    Class
	fingerprint              uint64
	tables                   []string
	calls, errors, unserved  uint64
	rows, wait, read         int64
	readOf                   int64 // how long those took that read was timed of
	slowest                  int64
	repeated                 uint64
	codes                    map[string]uint64
	time                     durations
	failed                   map[string]*durations // of time, by code
	returned                 rowCounts

	recent uint32 // calls, halved now and then
	at     int    // its place in measures.list
	gone   bool   // not told apart any more: added to other
}

// txFigures are those of transactions.
type txFigures struct {
	committed, rolledBack, failed, unknown uint64
	time                                   durations
}

type doorMark struct {
	fingerprint uint64
	n           uint32
}

func (m *measures) init(c *Config) {
	if c.DisableMeasuring || c.DisablePool {
		m.slowAfter = 1<<63 - 1
		return
	}
	m.on = true
	m.limit = max(0, c.Digests)
	m.scoped = c.TraceID != nil && c.RepeatLimit > 0
	m.slowAfter = int64(c.SlowQuery)
	if c.SlowQuery <= 0 {
		m.slowAfter = 1<<63 - 1
	}
	m.clearLocked()
}

// clearLocked forgets everything. Statements that a cache keeps find that
// their digest is gone.
func (m *measures) clearLocked() {
	for _, d := range m.list {
		d.gone = true
	}
	m.digests, m.list = make(map[uint64]*digest), nil
	m.door, m.refused = nil, 0
	m.other = [classes]digest{}
	for c := range m.other {
		m.other[c].class, m.other[c].text, m.other[c].summary = Class(c), otherDigest, otherDigest
	}
	m.execute, m.read = durations{}, durations{}
	m.errors = make(map[string]uint64)
	m.tx = txFigures{}
	m.since = time.Now()
}

// otherDigest stands for all statements that are not told apart.
const otherDigest = "(other)"

// play adds what t has recorded.
func (m *measures) play(t *tape, now int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.playLocked(t, now)
}

// playSoon is play for who is in the middle of a statement: while somebody
// else has the lock, who may be reading a thousand figures, it leaves it at
// that, unless the tape has no room for another statement.
func (m *measures) playSoon(t *tape, now int64) {
	if !m.mu.TryLock() {
		if t.n < tapeLen && t.loans < tapeLen {
			return
		}
		m.mu.Lock()
	}
	defer m.mu.Unlock()
	m.playLocked(t, now)
}

func (m *measures) playLocked(t *tape, now int64) {
	t.played = now
	for _, used := range t.uses[:t.loans] {
		m.use.add(used)
	}
	t.loans = 0
	for i := range t.records[:t.n] {
		r := &t.records[i]
		m.addLocked(r)
		if r.st.digest == nil { // nobody else keeps it
			r.st = nil
		}
	}
	t.n = 0
}

func (m *measures) addLocked(r *record) *digest {
	d := m.digestLocked(r.st)
	d.calls++
	d.recent++
	if r.rows >= 0 {
		d.rows += r.rows
		d.returned.add(r.rows)
	}
	d.wait += r.wait
	d.slowest = max(d.slowest, r.took)
	d.time.add(r.took)
	m.ran++
	m.busy += r.took
	if r.read >= 0 {
		d.read += r.read
		d.readOf += r.took
		m.execute.add(r.took - r.read)
		m.read.add(r.read)
	}
	if r.tx >= 0 {
		m.tx.time.add(r.tx)
		if r.st.Tx == TxCommit {
			m.tx.committed++
		} else {
			m.tx.rolledBack++
		}
	}
	return d
}

// fail adds a statement that ended in an error. Without ran it got no link and
// has no duration.
func (m *measures) fail(r record, code string, ran bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var d *digest
	if ran {
		d = m.addLocked(&r)
	} else {
		d = m.digestLocked(r.st)
		d.unserved++
	}
	switch {
	case r.st == rollbackStatement:
		m.tx.rolledBack++
	case r.st == commitStatement && code == codeUnknown:
		m.tx.unknown++
	case r.st == commitStatement:
		m.tx.failed++
	}
	d.errors++
	if d.codes == nil {
		d.codes = make(map[string]uint64)
	}
	known := knownCode(d.codes, code, d.maxCodes())
	d.codes[known]++
	if ran {
		d.failedAs(known).add(r.took)
	}
	m.errors[knownCode(m.errors, code, maxErrorCodes)]++
}

// failedAs returns the durations of the calls that failed with a code.
func (d *digest) failedAs(code string) *durations {
	if d.failed == nil {
		d.failed = make(map[string]*durations)
	}
	f := d.failed[code]
	if f == nil {
		f = new(durations)
		d.failed[code] = f
	}
	return f
}

// maxDigestCodes bounds how many kinds of error are told apart for one digest.
const maxDigestCodes = 10

// maxCodes is that bound. Where many digests count together they keep what
// they counted, so that no figure ever goes down.
func (d *digest) maxCodes() int {
	if d.fingerprint == 0 {
		return maxErrorCodes
	}
	return maxDigestCodes
}

// knownCode returns under what a code counts: the rest as "other" once there
// are that many.
func knownCode(codes map[string]uint64, code string, most int) string {
	if _, known := codes[code]; !known && len(codes) >= most {
		return otherCode
	}
	return code
}

// digestLocked returns where st counts.
func (m *measures) digestLocked(st *Statement) *digest {
	if d := st.digest; d != nil && !d.gone {
		return d
	}
	return m.findLocked(st)
}

func (m *measures) findLocked(st *Statement) *digest {
	if d := m.digests[st.Fingerprint]; d != nil {
		return d
	}
	if d := m.admitLocked(st); d != nil {
		return d
	}
	return &m.other[min(int(st.Class), classes-1)]
}

// The digests that are told apart are those that come most often. One that is
// new takes the place of the least frequent of evictSample others when it came
// more often than that one; the counts behind this are halved every agingAfter
// times that one did not get in. What a digest has counted when it has to go
// is added to the rest.
const (
	evictSample = 8
	agingAfter  = 8192
	doorSize    = 4096
)

func (m *measures) admitLocked(st *Statement) *digest {
	if m.limit == 0 {
		return nil
	}
	if len(m.list) < m.limit {
		d := newDigest(st, len(m.list))
		m.list = append(m.list, d)
		m.digests[d.fingerprint] = d
		return d
	}
	n := m.cameLocked(st.Fingerprint)
	victim := m.list[rand.IntN(len(m.list))]
	for range evictSample - 1 {
		if v := m.list[rand.IntN(len(m.list))]; v.recent < victim.recent {
			victim = v
		}
	}
	if n < 2 || n <= victim.recent {
		return nil
	}
	victim.gone = true
	delete(m.digests, victim.fingerprint)
	m.other[min(int(victim.class), classes-1)].take(victim)
	d := newDigest(st, victim.at)
	d.recent = n
	m.list[d.at] = d
	m.digests[d.fingerprint] = d
	return d
}

// newDigest returns an empty one for statements like st. The names of tables
// are parts of the program's text, which may be long and must not live as long.
func newDigest(st *Statement, at int) *digest {
	d := &digest{operation: st.Operation, text: st.Digest, summary: st.Summary, class: st.Class, fingerprint: st.Fingerprint, at: at}
	for _, name := range st.Tables {
		d.tables = append(d.tables, strings.Clone(name))
	}
	return d
}

// cameLocked counts how often a fingerprint has come that is not told apart.
func (m *measures) cameLocked(fingerprint uint64) uint32 {
	if m.door == nil {
		m.door = make([]doorMark, doorSize)
	}
	if m.refused++; m.refused >= agingAfter {
		m.refused = 0
		for _, d := range m.list {
			d.recent /= 2
		}
		for i := range m.door { // what they are compared with
			m.door[i].n /= 2
		}
	}
	mark := &m.door[fingerprint%doorSize]
	if mark.fingerprint != fingerprint {
		*mark = doorMark{fingerprint: fingerprint}
	}
	mark.n++
	return mark.n
}

// take adds what d has counted.
func (o *digest) take(d *digest) {
	o.calls += d.calls
	o.errors += d.errors
	o.unserved += d.unserved
	o.rows += d.rows
	o.wait += d.wait
	o.read += d.read
	o.readOf += d.readOf
	o.slowest = max(o.slowest, d.slowest)
	o.repeated += d.repeated
	if o.codes == nil && d.codes != nil {
		o.codes = make(map[string]uint64)
	}
	for code, n := range d.codes {
		known := knownCode(o.codes, code, o.maxCodes())
		o.codes[known] += n
		if f := d.failed[code]; f != nil {
			o.failedAs(known).merge(f)
		}
	}
	o.returned.merge(&d.returned)
	o.time.merge(&d.time)
}

// adopt gives a Statement that will be kept its digest, so that nobody has to
// look for it later.
func (m *measures) adopt(st *Statement) {
	if !m.on {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if st.digest = m.digests[st.Fingerprint]; st.digest == nil && len(m.list) < m.limit {
		st.digest = m.admitLocked(st)
	}
}

// playIdleLocked plays the tapes of all links that nobody uses. Under p.mu: a
// handle that wants its link meanwhile finds itself hollow and comes to
// acquire, which waits for the lock.
func (p *Pool) playIdleLocked() {
	now := nano()
	for _, l := range p.links {
		h := l.holder
		if h == nil {
			continue
		}
		if since, ok := h.state.steal(); ok {
			p.measures.play(&l.tape, now)
			h.state.end(since)
		}
	}
	for _, l := range p.parked {
		p.measures.play(&l.tape, now)
	}
}
