package pooled_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/pooledsql/pooled"
)

// A chunk may be larger than all of the rows, and than memory.
func TestServerInsertManyTakesNoRoomForRowsThatDoNotCome(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t)
		batchTable(t, db)
		rows := func(yield func([]any) bool) {
			row := make([]any, 2) // used again for each
			for i := range 3000 {
				row[0], row[1] = i, fmt.Sprint("v", i)
				if !yield(row) {
					return
				}
			}
		}
		n, err := pooled.InsertMany(t.Context(), db, "b", []string{"id", "v"}, rows, func(o *pooled.InsertOptions) { o.Chunk = math.MaxInt })
		if err != nil || n != 3000 {
			t.Fatal(n, err)
		}
		if n := ask[int](t, db, "SELECT COUNT(*) FROM b WHERE v = CONCAT('v', id)"); n != 3000 {
			t.Errorf("%d rows are as they were given", n)
		}
	})
}
