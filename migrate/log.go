package migrate

import (
	"context"
	"log/slog"
)

// log writes a line for what an operator wants to know; statements are not
// among it.
func (m *Migrator) log(e Event) {
	level, text := slog.LevelInfo, ""
	switch e.Kind {
	case EventDone:
		text = "migration done"
	case EventFailed:
		level, text = slog.LevelError, "migration failed"
	case EventRetry:
		level, text = slog.LevelWarn, "migration is tried again"
	case EventWaiting:
		text = "waiting for another runner of migrations"
	case EventFinding:
		level, text = slog.LevelWarn, "migration validation"
	default:
		return
	}
	attrs := []slog.Attr{}
	if e.Version > 0 {
		attrs = append(attrs, slog.Int64("version", e.Version), slog.String("name", e.Name), slog.String("direction", string(e.Direction)))
	}
	if e.Elapsed > 0 {
		attrs = append(attrs, slog.Duration("elapsed", e.Elapsed))
	}
	if e.Holder != nil {
		attrs = append(attrs, slog.String("holder", e.Holder.String()))
	}
	if e.Finding != nil {
		attrs = append(attrs, slog.String("finding", e.Finding.Error()))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", redact(e.Err)))
	}
	m.cfg.Logger.LogAttrs(context.Background(), level, text, attrs...)
}
