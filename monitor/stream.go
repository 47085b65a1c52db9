package monitor

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Bounds of the streams that keep pages up to date.
const (
	maxStreams  = 64
	writeWithin = 5 * time.Second // a page that does not read is hung up
)

// events streams one pool to a page as server-sent events: "history" once,
// then "state" with every tick.
func (m *Monitor) events(w http.ResponseWriter, r *http.Request) {
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	if len(pools) == 0 {
		refuse(w, http.StatusNotFound, "There is no pool to show.")
		return
	}
	if !m.enter() {
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, "Too many pages are open, or the monitor is closed.")
		return
	}
	defer m.leave()

	p := pools[0]
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold it back
	out := http.NewResponseController(w)
	held := false // by a middleware that cannot flush: it gets through when the answer ends
	send := func(event string, data []byte) bool {
		// Writers that know no deadlines have none; the server's own are lifted.
		_ = out.SetWriteDeadline(time.Now().Add(writeWithin))
		for _, part := range [][]byte{[]byte("event: " + event + "\ndata: "), data, []byte("\n\n")} {
			if _, err := w.Write(part); err != nil {
				return false
			}
		}
		err := out.Flush()
		held = errors.Is(err, http.ErrNotSupported)
		return held || err == nil
	}
	history, err := json.Marshal(p.past(kept))
	if err != nil || !send("history", history) {
		return
	}
	for {
		tick, ticked := m.next()
		state, err := m.state(r.Context(), p, tick)
		if err != nil || !send("state", state) {
			return
		}
		if held { // so the browser asks again, a second later
			_, _ = w.Write([]byte("retry: 1000\n\n"))
			return
		}
		select {
		case <-ticked:
		case <-r.Context().Done():
			return
		case <-m.ctx.Done():
			return
		}
	}
}

// enter counts a stream, unless there are too many.
func (m *Monitor) enter() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.streams >= maxStreams || m.ctx.Err() != nil {
		return false
	}
	m.streams++
	return true
}

func (m *Monitor) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams--
}
