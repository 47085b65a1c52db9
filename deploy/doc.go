// Package deploy holds what is put beside a program that uses pooled: a Grafana
// dashboard and alert rules for Prometheus, over what package monitor answers
// at /metrics, and a reference configuration of PgBouncer. Its tests run the
// rules through promtool, let a Prometheus scrape a program, ask it every query
// of the dashboard, and start PgBouncer.
package deploy
