package pooled_test

import (
	"errors"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
)

// The connection breaks at every seventh byte of a batch, in both directions: all of it
// is done, or nothing, never twice, and an error that is not an unknown
// outcome means nothing.
func TestServerBatchLosesItsConnectionAtManyBytes(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		direct, _ := s.open(t, limits(0, 1))
		do(t, direct, "DROP TABLE IF EXISTS c", "CREATE TABLE c (id INT)")
		proxy := faultproxy.New(t, s.Addr())
		db, _ := openDSN(t, "pooled-"+s.driver, s.DSNVia(proxy.Addr(), s.database), limits(0, 1))
		insert := "INSERT INTO c VALUES (" + s.arg + ")"
		b := pooled.NewBatch()
		for i := range 3 {
			b.Exec(insert, i)
		}
		reads := pooled.NewBatch()
		for i := range 3 {
			reads.Query("SELECT id FROM c WHERE id = "+s.arg, 100+i)
		}
		unknown, known, done := 0, 0, 0
		const step = 7 // more would use up the pool's retries for a while
		for _, dir := range []faultproxy.Direction{faultproxy.Up, faultproxy.Down} {
			for n := int64(0); ; n += step {
				// What it does is prepared already, so the first byte is the batch's.
				if _, err := reads.Run(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Run(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				do(t, direct, "DELETE FROM c")
				how := []faultproxy.Ending{faultproxy.FIN, faultproxy.RST}[n%2]
				cut := proxy.CutAfter(dir, n, how)
				_, err := b.Run(t.Context(), db)
				fired := cut.Fired()
				proxy.Mend()
				rows := 0
				eventually(t, "the server has decided", func() bool {
					rows = ask[int](t, direct, "SELECT COUNT(*) FROM c")
					return err != nil || rows == 3
				})
				switch {
				case err == nil:
					done++
				case errors.Is(err, pooled.ErrOutcomeUnknown):
					if unknown++; rows != 0 && rows != 3 {
						t.Fatalf("%v after %d bytes: %d rows, %v", dir, n, rows, err)
					}
				default:
					if known++; rows != 0 {
						t.Fatalf("%v after %d bytes: %d rows, %v", dir, n, rows, err)
					}
				}
				// A batch of reads does not notice.
				if _, err := reads.Run(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				proxy.CutAfter(dir, n, how)
				if _, err := reads.Run(t.Context(), db); err != nil {
					t.Fatalf("%v after %d bytes: a batch of reads: %v", dir, n, err)
				}
				proxy.Mend()
				if !fired {
					break
				}
			}
		}
		t.Logf("done %d, not done %d, unknown %d", done, known, unknown)
		if unknown == 0 || done == 0 {
			t.Error("too little was seen")
		}
	})
}
