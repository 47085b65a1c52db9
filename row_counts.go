package pooled

import "slices"

// rowBounds are the bucket boundaries that OpenTelemetry's conventions advise
// for db.client.response.returned_rows.
var rowBounds = [...]int64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}

// RowBounds returns the numbers of rows by which DigestStats.Returned sorts
// queries: those that OpenTelemetry's conventions advise.
func RowBounds() []int64 { return slices.Clone(rowBounds[:]) }

// rowCounts counts queries by how many rows they returned. What is counted
// once need not be looked up for each reader, as a Histogram must be.
type rowCounts [len(rowBounds) + 1]uint64

func (c *rowCounts) add(rows int64) {
	for i, bound := range rowBounds { // mostly the first
		if rows <= bound {
			c[i]++
			return
		}
	}
	c[len(rowBounds)]++
}

func (c *rowCounts) merge(o *rowCounts) {
	for i, n := range o {
		c[i] += n
	}
}
