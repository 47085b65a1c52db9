package pgx

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// batchCache is what a connection knows of the texts that batches ran on it.
// pgx's own cache of prepared statements cannot be reached from outside.
type batchCache struct {
	byText  map[string]*described
	batches uint64 // how many there were
	named   bool
	names   uint64
	dropped []string // prepared on the server and not wanted any more
}

// described is a text of which the server has said what it takes and returns.
type described struct {
	sd      *pgconn.StatementDescription
	results []int16 // the formats to ask for
	used    uint64  // by which batch, the last time
}

// batchCacheSize is as many texts as pgx's own cache keeps.
const batchCacheSize = 512

const batchCacheKey = "github.com/pooledsql/pooled: batch"

// batchCacheOf returns the cache of a connection, which lives in its custom
// data.
func batchCacheOf(c *pgx.Conn) *batchCache {
	data := c.PgConn().CustomData()
	b, _ := data[batchCacheKey].(*batchCache)
	if b == nil {
		b = new(batchCache)
		b.clear()
		data[batchCacheKey] = b
	}
	b.batches++
	return b
}

// forgetBatches is for a session whose statements are gone.
func forgetBatches(c *pgx.Conn) { delete(c.PgConn().CustomData(), batchCacheKey) }

func (b *batchCache) get(text string) *described {
	d := b.byText[text]
	if d != nil {
		d.used = b.batches
	}
	return d
}

func (b *batchCache) put(d *described) {
	d.used = b.batches
	b.byText[d.sd.SQL] = d
}

// name returns a name for the next statement, "" where none is prepared by
// name.
func (b *batchCache) name() string {
	if !b.named {
		return ""
	}
	b.names++
	return fmt.Sprintf("pooled_batch_%d", b.names)
}

func (b *batchCache) forget(texts []string) {
	for _, text := range texts {
		b.drop(text)
	}
}

func (b *batchCache) drop(text string) {
	if d := b.byText[text]; d != nil {
		if d.sd.Name != "" {
			b.dropped = append(b.dropped, d.sd.Name)
		}
		delete(b.byText, text)
	}
}

// shrink drops texts until there is room: first those that the last batch did
// not use.
func (b *batchCache) shrink() {
	for _, old := range []bool{true, false} {
		for text, d := range b.byText {
			if len(b.byText) <= batchCacheSize {
				return
			}
			if !old || d.used != b.batches {
				b.drop(text)
			}
		}
	}
}

// takeDropped returns the names that are to be closed with the next batch.
func (b *batchCache) takeDropped() []string {
	names := b.dropped
	b.dropped = nil
	return names
}

func (b *batchCache) clear() { b.byText = map[string]*described{} }

// resultFormats asks for binary where stdlib does, and for text elsewhere.
func resultFormats(fields []pgconn.FieldDescription) []int16 {
	if len(fields) == 0 {
		return nil
	}
	formats := make([]int16, len(fields))
	for i, f := range fields {
		switch f.DataTypeOID {
		case pgtype.BoolOID, pgtype.ByteaOID, pgtype.CIDOID, pgtype.DateOID, pgtype.Float4OID, pgtype.Float8OID, pgtype.Int2OID,
			pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.XIDOID:
			formats[i] = pgx.BinaryFormatCode
		}
	}
	return formats
}
