package monitor

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/pooledsql/pooled"
)

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		refuse(w, http.StatusInternalServerError, "The answer cannot be written as JSON.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client is gone: nobody to tell
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, struct {
		Error string `json:"error"`
	}{text})
}

// ms is a duration as JSON shows it: in milliseconds, to the microsecond.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// durations is what JSON shows of a histogram.
type durations struct {
	Count uint64  `json:"count"`
	SumMs float64 `json:"sumMs"`
	P50Ms float64 `json:"p50Ms"`
	P95Ms float64 `json:"p95Ms"`
	P99Ms float64 `json:"p99Ms"`
}

func durationsOf(h pooled.Histogram) durations {
	return durations{h.Count(), ms(h.Sum()), ms(h.Quantile(0.5)), ms(h.Quantile(0.95)), ms(h.Quantile(0.99))}
}
