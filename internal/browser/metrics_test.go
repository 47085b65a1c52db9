package browser

import (
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestMetricsPassPrometheusOwnLint over all that a real load leaves.
func TestMetricsPassPrometheusOwnLint(t *testing.T) {
	s := newShop(t)
	for range 50 {
		_ = s.visit() // some are refused
	}
	resp, err := http.Get(s.url + "metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	problems, err := promlint.New(resp.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if p.Metric == "db_client_connection_count" {
			continue // OpenTelemetry's name for it ends so
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
