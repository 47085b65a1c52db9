// Package example shows a pool over HTTP: a live page, health for load
// balancers, and metrics for Prometheus.
package example

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/monitor"
)

// Run is the program.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	pool, ok := pooled.From(db)
	if !ok {
		return errors.New("this database has no pool")
	}

	mon := monitor.Handler([]*pooled.Pool{pool})
	mux := http.NewServeMux()
	mux.Handle("/pool/", http.StripPrefix("/pool", mon))
	server := &http.Server{Handler: mux}
	server.RegisterOnShutdown(mon.Close)        // a page that is open would keep Shutdown waiting
	ln, err := net.Listen("tcp", "127.0.0.1:0") // a port that the public does not reach
	if err != nil {
		return err
	}
	go server.Serve(ln)
	defer server.Shutdown(context.WithoutCancel(ctx))

	// The program works.
	for range 100 {
		var one int
		if err := db.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
			return err
		}
	}

	// A load balancer and Prometheus ask.
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	get := func(path string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+ln.Addr().String()+path, nil)
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.Status + "\n" + string(body), err
	}
	ready, err := get("/pool/readyz?verbose")
	if err != nil {
		return err
	}
	fmt.Fprint(out, ready)
	metrics, err := get("/pool/metrics")
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(strings.NewReader(metrics)); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "db_client_connection_max{") {
			fmt.Fprintln(out, lines.Text())
		}
	}

	// The program itself can look too.
	health := pool.Health(ctx)
	fmt.Fprintln(out, "ready:", health.Ready)
	for _, d := range pool.Digests(1) {
		fmt.Fprintln(out, d.Digest, "ran", d.Calls, "times")
	}
	return nil
}
