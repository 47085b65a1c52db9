package fakedriver

import (
	"database/sql/driver"
	"fmt"
	"maps"
	"sync"
)

// store is the one table of the server: keys and values.
type store struct {
	mu   sync.Mutex
	rows map[string]driver.Value
}

// change is what a transaction would do to the store; nil is a deletion.
type change map[string]*driver.Value

// key makes any value usable as a key; bytes and text are the same key.
func key(v driver.Value) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}

// get reads a value as a transaction with these changes sees it.
func (s *store) get(tx change, k driver.Value) (driver.Value, bool) {
	if p, ok := tx[key(k)]; ok {
		if p == nil {
			return nil, false
		}
		return *p, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.rows[key(k)]
	return v, ok
}

// put writes a value, or deletes the key if v is nil. tx nil: at once.
func (s *store) put(tx change, k driver.Value, v *driver.Value) {
	if v != nil {
		if b, ok := (*v).([]byte); ok { // the caller may reuse its bytes
			var c driver.Value = append([]byte(nil), b...)
			v = &c
		}
	}
	if tx != nil {
		tx[key(k)] = v
		return
	}
	s.apply(change{key(k): v})
}

// apply makes the changes of a transaction visible to all.
func (s *store) apply(tx change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, p := range tx {
		if p == nil {
			delete(s.rows, k)
		} else {
			s.rows[k] = *p
		}
	}
}

// count counts the rows that a transaction with these changes sees.
func (s *store) count(tx change) int64 {
	s.mu.Lock()
	all := maps.Clone(s.rows)
	s.mu.Unlock()
	for k, p := range tx {
		if p == nil {
			delete(all, k)
		} else {
			all[k] = *p
		}
	}
	return int64(len(all))
}
