package monitor

import "net/http"

// Option changes the configuration of a [Monitor], in the way of pooled.Option.
type Option = func(*Config)

// Config says what a [Monitor] may do. It begins with
// the defaults, with which it only shows.
type Config struct {
	// Authorize decides whether a request may act on a pool; an error refuses
	// it, and is logged but not shown to the client. It is called on the
	// request's goroutine, for every POST that is well formed and no other
	// site's, and may be called at the same time. Default: nil, nobody may.
	Authorize func(*http.Request, Action) error

	// Summaries bounds how many different db_query_summary a pool has in
	// /metrics; those that come later count together as "(other)". An option
	// finds it at 200; below 1 all do. Package otelexport has the same.
	Summaries int

	// DisableGoSQLNames leaves those names out of /metrics that the DBStats
	// collector of client_golang uses (go_sql_open_connections and so on).
	// Switch it on, or that collector off, where both are scraped.
	DisableGoSQLNames bool

	// DisableDigestMetrics leaves the figures of single statements out of
	// /metrics (pooled_digest_...): at most six series for each of a pool's
	// digests.
	DisableDigestMetrics bool
}
