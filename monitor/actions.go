package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/pooledsql/pooled"
)

// Action is what a POST asks for.
type Action struct {
	Name     string // "resize", "pause", "resume", "evict" or "reset" (of what was measured of statements)
	Pool     string // its name, as the Monitor shows it
	Min, Max int    // of resize: the new limits
}

const (
	maxBody   = 4 << 10
	pauseWait = 5 * time.Second // for the loans under way
)

// act does what a POST to actions/NAME asks for. Its body is JSON, which a
// form on another site cannot send; the mux in front has already refused what a
// browser says to come from another site.
func (m *Monitor) act(w http.ResponseWriter, r *http.Request) {
	if m.cfg.Authorize == nil {
		refuse(w, http.StatusForbidden, "This monitor is read-only: it has no authorizer.")
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "The body must be JSON (Content-Type: application/json).")
		return
	}
	var body struct {
		Pool string `json:"pool"`
		Min  *int   `json:"min"`
		Max  *int   `json:"max"`
	}
	from := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	from.DisallowUnknownFields()
	if err := from.Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, `The body must be an object like {"pool": "shop"}, for resize with "min" and "max".`)
		return
	}
	if _, err := from.Token(); err != io.EOF {
		refuse(w, http.StatusBadRequest, "The body must be one JSON object.")
		return
	}
	do, known := actions[r.PathValue("action")]
	if !known {
		refuse(w, http.StatusNotFound, "There is no such action; there are resize, pause, resume, evict and reset.")
		return
	}
	p := m.named(body.Pool)
	if p == nil {
		m.noPool(w)
		return
	}
	a := Action{Name: r.PathValue("action"), Pool: p.name}
	if resize := a.Name == "resize"; resize != (body.Min != nil && body.Max != nil) || !resize && (body.Min != nil || body.Max != nil) {
		refuse(w, http.StatusBadRequest, `resize, and nothing else, needs "min" and "max".`)
		return
	} else if resize {
		a.Min, a.Max = *body.Min, *body.Max
	}
	log := p.Config().Logger.With("pool", p.name, "action", a.Name, "remote", r.RemoteAddr)
	if err := m.cfg.Authorize(r, a); err != nil {
		log.Warn("pooled: an action was refused by the authorizer", "err", err)
		refuse(w, http.StatusForbidden, "The authorizer refused.")
		return
	}
	text, err := do(r.Context(), p.Pool, a)
	if err != nil {
		log.Warn("pooled: an action on the pool failed", "err", err)
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	log.Warn("pooled: an action on the pool by way of the monitor", "min", a.Min, "max", a.Max)
	answer(w, http.StatusOK, struct {
		Message string `json:"message"`
	}{text})
}

// actions say in one sentence what they have done.
var actions = map[string]func(context.Context, *pooled.Pool, Action) (string, error){
	"resize": func(_ context.Context, p *pooled.Pool, a Action) (string, error) {
		return "The pool has new limits.", p.Resize(a.Min, a.Max)
	},
	"pause": func(ctx context.Context, p *pooled.Pool, _ Action) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, pauseWait)
		defer cancel()
		err := p.Pause(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return "The pool is paused. Some loans are still under way.", nil
		}
		return "The pool is paused, and no loan is under way.", err
	},
	"resume": func(_ context.Context, p *pooled.Pool, _ Action) (string, error) {
		p.Resume()
		return "The pool serves again.", nil
	},
	"evict": func(_ context.Context, p *pooled.Pool, _ Action) (string, error) {
		p.Evict()
		return "Every connection is replaced: idle ones now, the others as they come back.", nil
	},
	"reset": func(_ context.Context, p *pooled.Pool, _ Action) (string, error) {
		p.ResetStatements()
		return "What was measured of statements begins anew.", nil
	},
}
