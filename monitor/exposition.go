package monitor

import (
	"strconv"
	"strings"
	"time"

	"github.com/pooledsql/pooled"
)

// exposition is a page in Prometheus' text format, version 0.0.4: families of
// samples, each with its help and type once, ahead of all its samples.
type exposition struct{ text []byte }

func (e *exposition) family(name, kind, help string) {
	e.text = append(e.text, "# HELP "...)
	e.text = append(e.text, name...)
	e.text = append(e.text, ' ')
	e.text = append(e.text, help...)
	e.text = append(e.text, "\n# TYPE "...)
	e.text = append(e.text, name...)
	e.text = append(e.text, ' ')
	e.text = append(e.text, kind...)
	e.text = append(e.text, '\n')
}

// begin writes all of a sample but its value. labels are as label wrote them.
func (e *exposition) begin(name, suffix, labels string) {
	e.text = append(e.text, name...)
	e.text = append(e.text, suffix...)
	e.text = append(e.text, '{')
	e.text = append(e.text, labels...)
	e.text = append(e.text, "} "...)
}

func (e *exposition) count(name, labels string, n uint64) {
	e.begin(name, "", labels)
	e.text = append(strconv.AppendUint(e.text, n, 10), '\n')
}

func (e *exposition) number(name, labels string, v float64) {
	if n := uint64(max(v, 0)); n < 1<<53 && v == float64(n) { // most are, and this is quicker
		e.count(name, labels, n)
		return
	}
	e.begin(name, "", labels)
	e.text = append(strconv.AppendFloat(e.text, v, 'g', -1, 64), '\n')
}

// bounds of the buckets of all histograms, and how they are written: what
// OpenTelemetry advises for db.client.operation.duration.
var (
	bounds = [...]time.Duration{time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond,
		100 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second}
	bucketEnds = [...]string{`,le="0.001"} `, `,le="0.005"} `, `,le="0.01"} `, `,le="0.05"} `, `,le="0.1"} `, `,le="0.5"} `,
		`,le="1"} `, `,le="5"} `, `,le="10"} `, `,le="+Inf"} `}
)

func (e *exposition) histogram(name, labels string, h pooled.Histogram) {
	var counts [len(bounds)]uint64
	below := append(h.Cumulate(bounds[:], counts[:0]), h.Count())
	e.buckets(name, labels, bucketEnds[:], below)
	e.begin(name, "_sum", labels)
	e.text = append(strconv.AppendFloat(e.text, h.Sum().Seconds(), 'g', -1, 64), '\n')
	e.begin(name, "_count", labels)
	e.text = append(strconv.AppendUint(e.text, h.Count(), 10), '\n')
}

// rowEnds are how the buckets of rows are written.
var rowEnds = func() (ends []string) {
	for _, n := range pooled.RowBounds() {
		ends = append(ends, `,le="`+strconv.FormatInt(n, 10)+`"} `)
	}
	return append(ends, `,le="+Inf"} `)
}()

// rows writes how many rows queries returned, if there were any queries.
func (e *exposition) rows(name string, o *operation) {
	var counts [32]uint64
	below, n := counts[:0], uint64(0)
	for _, in := range o.Returned {
		n += in
		below = append(below, n)
	}
	if n == 0 {
		return
	}
	e.buckets(name, o.labels, rowEnds, below)
	e.begin(name, "_sum", o.labels)
	e.text = append(strconv.AppendInt(e.text, o.Rows, 10), '\n')
	e.begin(name, "_count", o.labels)
	e.text = append(strconv.AppendUint(e.text, n, 10), '\n')
}

func (e *exposition) buckets(name, labels string, ends []string, below []uint64) {
	for i, n := range below {
		e.text = append(e.text, name...)
		e.text = append(e.text, "_bucket{"...)
		e.text = append(e.text, labels...)
		e.text = append(e.text, ends[i]...)
		e.text = append(strconv.AppendUint(e.text, n, 10), '\n')
	}
}

// label writes pairs of names and values the way samples have them.
func label(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(pairs[i])
		b.WriteString(`="`)
		b.WriteString(escape(pairs[i+1]))
		b.WriteByte('"')
	}
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// escape makes a text fit to be the value of a label: it has to be UTF-8 too.
func escape(s string) string { return escaper.Replace(strings.ToValidUTF8(s, "\uFFFD")) }
