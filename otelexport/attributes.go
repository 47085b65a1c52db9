package otelexport

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

// serverAttributes are those of every operation of a pool: what the server is
// and where.
func serverAttributes(p *pooled.Pool) []attribute.KeyValue {
	system := semconv.DBSystemNameOtherSQL
	if name := p.SystemName(); name != "" {
		system = semconv.DBSystemNameKey.String(name)
	}
	attrs := []attribute.KeyValue{system}
	end := p.Endpoint()
	if end.Database != "" {
		attrs = append(attrs, semconv.DBNamespace(end.Database))
	}
	if end.Host != "" {
		attrs = append(attrs, semconv.ServerAddress(end.Host))
		if end.Port != 0 {
			attrs = append(attrs, semconv.ServerPort(end.Port))
		}
	}
	return attrs
}

// errorAttributes tell of a failure by its pooled.Pool.ErrorCode.
func errorAttributes(attrs []attribute.KeyValue, code string) []attribute.KeyValue {
	attrs = append(attrs, errorType(code))
	if operations.FromServer(code) {
		attrs = append(attrs, semconv.DBResponseStatusCode(code))
	}
	return attrs
}

func errorType(code string) attribute.KeyValue {
	if code == "other" {
		return semconv.ErrorTypeOther
	}
	return semconv.ErrorTypeKey.String(code)
}

// nameAttributes are those of WithNames.
func nameAttributes(attrs []attribute.KeyValue, operation, collection string) []attribute.KeyValue {
	if operation != "" {
		attrs = append(attrs, semconv.DBOperationName(operation))
	}
	if collection != "" {
		attrs = append(attrs, semconv.DBCollectionName(collection))
	}
	return attrs
}
