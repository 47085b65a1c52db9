// Package monitor shows pools over HTTP.
//
//	if pool, ok := pooled.From(db); ok { // not with pool=off
//		mon := monitor.Handler([]*pooled.Pool{pool})
//		http.Handle("/pool/", http.StripPrefix("/pool", mon))
//	}
//
// It answers, for all its pools or for that which ?pool= names, with
//
//	/         a live page for people
//	/livez    200, as long as the program answers
//	/readyz   200 or 503: should this program get work? ?verbose says why not
//	/health   pooled.Health as JSON; 503 when a pool is unhealthy
//	/stats    what pools, loans and callers do, as JSON
//	/digests  the figures of single statements, slow and repeated ones, as JSON
//	/advice   what to change, and why, as JSON
//	/config   the settings in effect and where they came from, as JSON
//	/metrics  all figures for Prometheus
//
// No answer has a literal, an argument or a password in it. But who reads the
// names of tables, of hosts and of places in the program learns about them:
// mount it where the public does not come, or behind a login.
//
// Nothing can be changed unless [Config].Authorize says who may. Then POST
// requests to actions/resize, pause, resume, evict and reset act on a pool, and
// the page has buttons for them. Requests that come from another site are
// refused.
package monitor
