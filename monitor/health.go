package monitor

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pooledsql/pooled"
)

// healthView is a pool in /health. Existing checks read the first seven.
type healthView struct {
	Healthy           bool    `json:"healthy"` // status is healthy, which warning is not
	ActiveConnections int     `json:"activeConnections"`
	IdleConnections   int     `json:"idleConnections"`
	WaitingClients    int     `json:"waitingClients"`
	PoolUtilization   float64 `json:"poolUtilization"` // percent of the limit
	Message           string  `json:"message"`
	PoolType          string  `json:"poolType"`

	Name           string        `json:"name,omitempty"`
	Status         pooled.Status `json:"status"`
	Ready          bool          `json:"ready"`
	Reasons        []reasonView  `json:"reasons"`
	MaxConnections int           `json:"maxConnections"`
	Breaker        string        `json:"breaker,omitempty"`

	// The server's last answer to a probe.
	Latency  float64      `json:"latency"` // ms; of several pools the longest
	ProbedAt *time.Time   `json:"probedAt,omitempty"`
	Pools    []healthView `json:"pools,omitempty"`
}

type reasonView struct {
	Code   pooled.ReasonCode `json:"code"`
	Status pooled.Status     `json:"status"`
	Text   string            `json:"text"`
	Pool   string            `json:"pool,omitempty"` // of several
}

// healthOf asks all pools at once, so that the slowest alone counts.
func healthOf(ctx context.Context, pools []*watched) []pooled.Health {
	list := make([]pooled.Health, len(pools))
	var asked sync.WaitGroup
	for i, p := range pools[min(1, len(pools)):] {
		asked.Go(func() { list[i+1] = p.Health(ctx) })
	}
	if len(pools) > 0 {
		list[0] = pools[0].Health(ctx)
	}
	asked.Wait()
	return list
}

func viewHealth(name string, h pooled.Health) healthView {
	v := healthView{
		Healthy: h.Status == pooled.Healthy, ActiveConnections: h.InUse, IdleConnections: h.Idle, WaitingClients: h.Waiting,
		PoolUtilization: percent(h.InUse, h.Max), Message: h.Message, PoolType: "application",
		Name: name, Status: h.Status, Ready: h.Ready, Reasons: []reasonView{}, MaxConnections: h.Max, Breaker: h.Breaker.String(),
		Latency: ms(h.Probe.Latency),
	}
	if !h.Probe.At.IsZero() {
		v.ProbedAt = &h.Probe.At
	}
	for _, r := range h.Reasons {
		v.Reasons = append(v.Reasons, reasonView{Code: r.Code, Status: r.Status, Text: r.Text})
	}
	return v
}

// percent tells part of whole, to a tenth.
func percent(part, whole int) float64 {
	if whole <= 0 {
		return 0
	}
	return math.Round(float64(part)*1000/float64(whole)) / 10
}

// together is what several pools come to.
func together(pools []healthView) healthView {
	all := healthView{Healthy: true, Message: "All is well.", PoolType: "application", Ready: true, Reasons: []reasonView{}, Pools: pools}
	var messages []string
	for _, v := range pools {
		all.Healthy = all.Healthy && v.Healthy
		all.Ready = all.Ready && v.Ready
		all.Status = max(all.Status, v.Status)
		all.ActiveConnections += v.ActiveConnections
		all.IdleConnections += v.IdleConnections
		all.WaitingClients += v.WaitingClients
		all.MaxConnections += v.MaxConnections
		all.Latency = max(all.Latency, v.Latency)
		for _, r := range v.Reasons {
			r.Pool = v.Name
			all.Reasons = append(all.Reasons, r)
		}
		if len(v.Reasons) > 0 {
			messages = append(messages, v.Name+": "+v.Message)
		}
	}
	all.PoolUtilization = percent(all.ActiveConnections, all.MaxConnections)
	if len(messages) > 0 {
		all.Message = strings.Join(messages, " ")
	}
	return all
}

// health answers 200, or 503 if a pool is unhealthy.
func (m *Monitor) health(w http.ResponseWriter, r *http.Request) {
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	views := make([]healthView, len(pools))
	for i, h := range healthOf(r.Context(), pools) {
		views[i] = viewHealth(pools[i].name, h)
	}
	v := together(views)
	if len(views) == 1 {
		v = views[0]
	}
	status := http.StatusOK
	if v.Status >= pooled.Unhealthy {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, v)
}

// livez answers 200: a program that answers is alive, whatever its database is.
func livez(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok\n") }

// readyz answers 200, or 503 if a pool is not ready; with ?verbose it says
// which, and why.
func (m *Monitor) readyz(w http.ResponseWriter, r *http.Request) {
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	status, text := http.StatusOK, "ok\n"
	var lines strings.Builder
	for i, h := range healthOf(r.Context(), pools) {
		if h.Ready {
			fmt.Fprintf(&lines, "[+] %s is ready. %s\n", pools[i].name, h.Message)
		} else {
			fmt.Fprintf(&lines, "[-] %s is not ready. %s\n", pools[i].name, h.Message)
			status, text = http.StatusServiceUnavailable, "not ready\n"
		}
	}
	if r.URL.Query().Has("verbose") {
		text = lines.String() + text
	}
	say(w, status, text)
}

// say writes plain text.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client is gone: nobody to tell
}
