package otelexport

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Comment returns the comment of sqlcommenter: keys in order, keys and values
// percent-encoded.
func (s *statementSpan) Comment() string {
	if !s.comment {
		return ""
	}
	tags := map[string]string{}
	if s.tags != nil {
		maps.Copy(tags, s.tags(s.ctx))
	}
	sc := s.SpanContext()
	id, span := sc.TraceID(), sc.SpanID()
	tags["traceparent"] = "00-" + hex.EncodeToString(id[:]) + "-" + hex.EncodeToString(span[:]) + "-" + sc.TraceFlags().String()
	if state := sc.TraceState().String(); state != "" {
		tags["tracestate"] = state
	}
	var b strings.Builder
	b.WriteString("/*")
	for i, key := range slices.Sorted(maps.Keys(tags)) {
		if i > 0 {
			b.WriteByte(',')
		}
		percentEncode(&b, key)
		b.WriteString("='")
		percentEncode(&b, tags[key])
		b.WriteByte('\'')
	}
	b.WriteString("*/")
	return b.String()
}

// percentEncode leaves RFC 3986's unreserved characters alone, so that nothing
// is left that could end the quotes or the comment, or be a placeholder.
func percentEncode(b *strings.Builder, s string) {
	const digits = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
}
