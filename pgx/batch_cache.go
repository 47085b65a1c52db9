package pgx

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// batchCache is what a connection knows of the texts that batches ran on it.
// pgx's own cache of prepared statements cannot be reached from outside.
type batchCache struct {
	byText  map[string]*pgconn.StatementDescription
	used    map[string]uint64 // when, by count of batches
	batches uint64
	named   bool
	names   uint64
	dropped []string // prepared on the server and not wanted any more
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

func (b *batchCache) get(text string) *pgconn.StatementDescription {
	sd := b.byText[text]
	if sd != nil {
		b.used[text] = b.batches
	}
	return sd
}

func (b *batchCache) put(sd *pgconn.StatementDescription) {
	b.byText[sd.SQL], b.used[sd.SQL] = sd, b.batches
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
	if sd := b.byText[text]; sd != nil {
		if sd.Name != "" {
			b.dropped = append(b.dropped, sd.Name)
		}
		delete(b.byText, text)
		delete(b.used, text)
	}
}

// shrink drops texts until there is room: first those that the last batch did
// not use.
func (b *batchCache) shrink() {
	for _, old := range []bool{true, false} {
		for text := range b.byText {
			if len(b.byText) <= batchCacheSize {
				return
			}
			if !old || b.used[text] != b.batches {
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

func (b *batchCache) clear() {
	b.byText, b.used = map[string]*pgconn.StatementDescription{}, map[string]uint64{}
}
