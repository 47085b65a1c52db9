package pgx

import (
	"database/sql"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/internal/loopback"
	"github.com/pooledsql/pooled/internal/testdb"
)

func TestALoginThatBreaksOffNamesTheClientCertificate(t *testing.T) {
	l, err := loopback.Listen()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			// It agrees to TLS and is gone, as one whose alert was lost.
			var request [8]byte
			io.ReadFull(c, request[:])
			c.Write([]byte("S"))
			c.Close()
		}
	}()
	cert, key := testdb.NewAuthority(t).ClientCert(t, "app", nil)
	for _, shown := range []bool{true, false} {
		q := url.Values{"sslmode": {"require"}}
		if shown {
			q.Set("sslcert", cert)
			q.Set("sslkey", key)
		}
		db, err := sql.Open("pooled-pgx", "postgres://app@"+l.Addr().String()+"/d?"+q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		err = db.PingContext(t.Context())
		db.Close()
		if err == nil || strings.Contains(err.Error(), "may have refused the client's TLS certificate") != shown {
			t.Errorf("certificate shown %v: %v", shown, err)
		}
	}
}
