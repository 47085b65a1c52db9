package otelexport

import (
	"encoding/hex"
	"maps"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// Commented adds the comment of sqlcommenter: keys in order, keys and values
// percent-encoded.
func (s *statementSpan) Commented(text string) string {
	if !s.comment {
		return text
	}
	sc := s.SpanContext()
	state := sc.TraceState().String()
	parent := appendTraceParent(make([]byte, 0, 80), sc)
	if s.tags == nil && state == "" {
		return text + " /*" + string(parent) + "*/"
	}
	tags := map[string]string{}
	if s.tags != nil {
		maps.Copy(tags, s.tags(s.ctx))
	}
	tags[traceParent] = ""
	if state != "" {
		tags["tracestate"] = state
	}
	comment := []byte(text + " /*")
	for i, key := range slices.Sorted(maps.Keys(tags)) {
		if i > 0 {
			comment = append(comment, ',')
		}
		if key == traceParent {
			comment = append(comment, parent...)
			continue
		}
		comment = append(percentEncode(comment, key), "='"...)
		comment = append(percentEncode(comment, tags[key]), '\'')
	}
	return string(append(comment, "*/"...))
}

const traceParent = "traceparent"

// appendTraceParent adds the pair of the W3C's trace context. Nothing in it
// needs encoding.
func appendTraceParent(to []byte, sc trace.SpanContext) []byte {
	const ids = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
	to = append(to, traceParent+"='"+ids+"'"...)
	at := to[len(to)-len(ids)-1:]
	id, span := sc.TraceID(), sc.SpanID()
	hex.Encode(at[3:], id[:])
	hex.Encode(at[36:], span[:])
	hex.Encode(at[53:], []byte{byte(sc.TraceFlags())})
	return to
}

// percentEncode leaves RFC 3986's unreserved characters alone, so that nothing
// is left that could end the quotes or the comment, or be a placeholder.
func percentEncode(to []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			to = append(to, c)
		default:
			to = append(to, '%', digits[c>>4], digits[c&15])
		}
	}
	return to
}
