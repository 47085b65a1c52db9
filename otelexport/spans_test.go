package otelexport

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestASpanTellsOfItsStatement(t *testing.T) {
	for _, c := range []struct {
		name      string
		opts      []Option
		text      string
		operation string
	}{
		{"by default", nil, "INSERT INTO t (k, v) VALUES (?)", ""},
		{"with names", []Option{WithNames()}, "INSERT INTO t (k, v) VALUES (?)", "INSERT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSpans(t)
			db := openFake(t, fakedriver.New(fakedriver.PGX), withServer, Spans(append(c.opts, WithTracerProvider(s.provider))...))
			ctx, parent := s.request(t.Context())
			_, err := db.ExecContext(ctx, "INSERT INTO t (k, v) VALUES ($1, $2)", 1, "secret")
			must(t, err)
			_, err = db.ExecContext(ctx, "wrong")
			if err == nil {
				t.Fatal("no error")
			}
			list := s.ended()
			if len(list) != 2 {
				t.Fatalf("%d spans", len(list))
			}
			sp := list[0]
			if sp.Name() != "INSERT t" || sp.Parent().SpanID() != parent.SpanContext().SpanID() || sp.Status().Code != codes.Unset {
				t.Errorf("span %q, parent %v, %v", sp.Name(), sp.Parent(), sp.Status())
			}
			a := attrs(sp)
			for key, want := range map[string]string{"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "db.example.com",
				"server.port": "5433", "db.query.summary": "INSERT t", "db.query.text": c.text, "db.operation.name": c.operation, "error.type": ""} {
				if got := text(a, attribute.Key(key)); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			failed := list[1]
			a = attrs(failed)
			if st := failed.Status(); st.Code != codes.Error || st.Description != "42601" || text(a, "error.type") != "42601" || text(a, "db.response.status_code") != "42601" {
				t.Errorf("failed with %v, %v", st, a.ToSlice())
			}
			for _, sp := range list {
				for _, kv := range sp.Attributes() {
					if strings.Contains(kv.Value.Emit(), "secret") {
						t.Errorf("%s holds a literal: %s", kv.Key, kv.Value.Emit())
					}
				}
				if len(sp.Events()) > 0 && sp.Events()[0].Name != "pooled.wait" {
					t.Errorf("events %v", sp.Events())
				}
			}
		})
	}
}

func TestQueryTextIsTheDigestUnlessAskedFor(t *testing.T) {
	for want, opts := range map[string][]Option{"SELECT ? WHERE name = ?": nil, literal: {WithQueryText()}} {
		s := newSpans(t)
		srv := fakedriver.New(fakedriver.PGX)
		db := openFake(t, srv, Spans(append(opts, WithTracerProvider(s.provider))...))
		ctx, _ := s.request(t.Context())
		rows, err := db.QueryContext(ctx, literal)
		drain(t, rows, err)
		if got := text(attrs(s.ended()[0]), semconv.DBQueryTextKey); got != want {
			t.Errorf("db.query.text is %q, want %q", got, want)
		}
	}
}

// TestEachSpanIsOfItsOwnStatement: of more statements than a pool keeps the
// beginnings of, each has its own, the first time and the next.
func TestEachSpanIsOfItsOwnStatement(t *testing.T) {
	for key, opts := range map[string][]Option{"k = ?": nil, "k = $1": {WithQueryText()}} {
		s := newSpans(t)
		db := openFake(t, fakedriver.New(fakedriver.PGX), Spans(append(opts, WithTracerProvider(s.provider))...))
		ctx, _ := s.request(t.Context())
		var want []string
		for range 2 {
			for i := range 2 * startsKept {
				table := "t" + strconv.Itoa(i)
				_, err := db.ExecContext(ctx, "DELETE FROM "+table+" WHERE k = $1", 1)
				must(t, err)
				want = append(want, "DELETE "+table+" DELETE FROM "+table+" WHERE "+key)
			}
		}
		var got []string
		for _, sp := range s.ended() {
			got = append(got, sp.Name()+" "+text(attrs(sp), semconv.DBQueryTextKey))
		}
		if !slices.Equal(got, want) {
			t.Errorf("spans are not of their statements: %q", got)
		}
	}
}

func TestASpanLastsUntilTheRowsAreClosed(t *testing.T) {
	for _, opts := range [][]Option{nil, {WithReturnedRows()}} {
		s := newSpans(t)
		db := openFake(t, fakedriver.New(fakedriver.PGX), Spans(append(opts, WithTracerProvider(s.provider))...))
		ctx, _ := s.request(t.Context())
		rows, err := db.QueryContext(ctx, "SELECT 1")
		must(t, err)
		if n := len(s.ended()); n != 0 {
			t.Errorf("%d spans have ended", n)
		}
		n := 0
		for rows.Next() {
			n++
		}
		rows.Close()
		list := s.ended()
		if len(list) != 1 {
			t.Fatalf("%d spans", len(list))
		}
		want := ""
		if opts != nil {
			want = strconv.Itoa(n)
		}
		if got := text(attrs(list[0]), semconv.DBResponseReturnedRowsKey); got != want {
			t.Errorf("returned rows are %q, want %q", got, want)
		}
	}
}

// TestOneSpanForOneCall: the wait for a connection and the repetitions are
// events in it.
func TestOneSpanForOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpans(t)
		srv := fakedriver.New(fakedriver.PGX)
		db := openFake(t, srv, func(c *pooled.Config) { c.Dialect, c.MaxConns = lostDialect{}, 1 }, Spans(WithTracerProvider(s.provider)))
		held, err := db.Conn(t.Context())
		must(t, err)
		drain2, err := held.QueryContext(t.Context(), "SELECT 1")
		drain(t, drain2, err)
		srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Kill: true, Err: errLost})
		done := make(chan error)
		ctx, _ := s.request(t.Context())
		go func() {
			rows, err := db.QueryContext(ctx, "SELECT 1")
			if err == nil {
				err = rows.Close()
			}
			done <- err
		}()
		synctest.Wait()
		time.Sleep(3 * time.Second)
		held.Close()
		must(t, <-done)
		list := s.ended()
		if len(list) != 1 {
			t.Fatalf("%d spans", len(list))
		}
		var names []string
		for _, e := range list[0].Events() {
			names = append(names, e.Name)
			for _, kv := range e.Attributes {
				if kv.Key == "pooled.wait.duration" && kv.Value.AsFloat64() != 3 {
					t.Errorf("waited %v s", kv.Value.AsFloat64())
				}
				if kv.Key == "error.type" && kv.Value.AsString() != "connection_lost" {
					t.Errorf("retried because of %s", kv.Value.AsString())
				}
			}
		}
		if !slices.Equal(names, []string{"pooled.wait", "pooled.retry"}) {
			t.Errorf("events %q", names)
		}
	})
}

var errLost = errors.New("lost")

type lostDialect struct{ pooled.BaseDialect }

func (lostDialect) Fault(err error) pooled.Fault {
	if errors.Is(err, errLost) {
		return pooled.FaultLinkLost
	}
	return pooled.BaseDialect{}.Fault(err)
}

func TestNothingIsDoneForATraceThatIsNotSampled(t *testing.T) {
	s := newSpans(t)
	srv := fakedriver.New(fakedriver.PGX)
	asked := 0
	provider := countingProvider{s.provider, &asked}
	db := openFake(t, srv, Spans(WithTracerProvider(provider), WithSQLCommenter(nil)))
	unsampled := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}))
	for _, ctx := range []context.Context{t.Context(), unsampled} {
		rows, err := db.QueryContext(ctx, "SELECT 1")
		drain(t, rows, err)
		if _, ok := TraceID(ctx); ok {
			t.Error("a trace id")
		}
	}
	if asked != 0 {
		t.Errorf("%d spans were started", asked)
	}
	for _, c := range srv.Calls() {
		if strings.Contains(c.Query, "/*") {
			t.Errorf("the server saw %q", c.Query)
		}
	}
	ctx, sp := s.request(t.Context())
	_, err := db.ExecContext(ctx, "INSERT INTO t (k, v) VALUES ($1, $2)", 1, "a")
	must(t, err)
	if id, ok := TraceID(ctx); asked != 1 || !ok || id != sp.SpanContext().TraceID() {
		t.Errorf("%d spans of a sampled trace, its id %x", asked, id)
	}
}

type countingProvider struct {
	trace.TracerProvider
	n *int
}

func (p countingProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return countingTracer{p.TracerProvider.Tracer(name, opts...), p.n}
}

type countingTracer struct {
	trace.Tracer
	n *int
}

func (t countingTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	*t.n++
	return t.Tracer.Start(ctx, name, opts...)
}

func TestACommentIsAsSQLCommenterSpecifies(t *testing.T) {
	s := newSpans(t)
	srv := fakedriver.New(fakedriver.PGX)
	srv.Record(true)
	tags := func(context.Context) map[string]string {
		return map[string]string{"route": "/items/*/O'Reilly", "app name": "shop?$1 */ x", "action": "naïve"}
	}
	db := openFake(t, srv, Spans(WithTracerProvider(s.provider), WithSQLCommenter(tags)))
	ctx, _ := s.request(t.Context())
	_, err := db.ExecContext(ctx, "INSERT INTO t (k, v) VALUES ($1, $2)", 1, "a")
	must(t, err)
	sp := s.ended()[0]
	sent := ""
	for _, c := range srv.Calls() {
		if c.Op == fakedriver.Exec {
			sent = c.Query
		}
	}
	sc := sp.SpanContext()
	want := "INSERT INTO t (k, v) VALUES ($1, $2) /*action='na%C3%AFve',app%20name='shop%3F%241%20%2A%2F%20x',route='%2Fitems%2F%2A%2FO%27Reilly',traceparent='00-" +
		sc.TraceID().String() + "-" + sc.SpanID().String() + "-01'*/"
	if sent != want {
		t.Errorf("sent %q, want %q", sent, want)
	}
	for _, part := range strings.Split(strings.TrimSuffix(sent[strings.Index(sent, "/*")+2:], "*/"), ",") {
		key, value, _ := strings.Cut(part, "=")
		if _, err := url.PathUnescape(key); err != nil {
			t.Error(err)
		}
		if _, err := url.PathUnescape(strings.Trim(value, "'")); err != nil {
			t.Error(err)
		}
	}
	if d := poolOf(t, db).Digests(0); len(d) != 1 || strings.Contains(d[0].Digest, "traceparent") {
		t.Errorf("digests %v", d)
	}
}

// TestADroppedSpanIsNoTrouble: the sampler did not want it, though its parent
// was sampled.
func TestADroppedSpanIsNoTrouble(t *testing.T) {
	s := newSpans(t)
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	t.Cleanup(func() { never.Shutdown(context.Background()) })
	db := openFake(t, fakedriver.New(fakedriver.PGX), Spans(WithTracerProvider(never)))
	ctx, _ := s.request(t.Context())
	rows, err := db.QueryContext(ctx, "SELECT 1")
	drain(t, rows, err)
	if n := len(s.ended()); n != 0 {
		t.Errorf("%d spans", n)
	}
}
