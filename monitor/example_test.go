package monitor_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/monitor"
)

// The examples run on a driver that answers from memory. A program has
// "pooled-pgx" or "pooled-mysql" in its place.
func init() {
	pooled.Register("pooled-example", fakedriver.New(fakedriver.PGX).Driver(), func(c *pooled.Config) {
		c.Name, c.HealthSettle = "shop", pooled.Off
	})
}

func ExampleHandler() {
	db, err := sql.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	pool, ok := pooled.From(db)
	if !ok {
		log.Fatal("this database has no pool")
	}

	mon := monitor.Handler([]*pooled.Pool{pool})
	defer mon.Close()
	mux := http.NewServeMux()
	mux.Handle("/pool/", http.StripPrefix("/pool", mon))

	server := httptest.NewServer(mux) // a program has http.Server
	defer server.Close()
	resp, err := http.Get(server.URL + "/pool/readyz?verbose")
	if err != nil {
		log.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s\n%s", resp.Status, body)
	// Output:
	// 200 OK
	// [+] shop is ready. All is well.
	// ok
}

// Authorize lets operators act on pools. Whoever mounts the Monitor behind a
// login finds the user in the request.
func ExampleConfig() {
	db, err := sql.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	pool, _ := pooled.From(db)
	mon := monitor.Handler([]*pooled.Pool{pool}, func(c *monitor.Config) {
		c.Authorize = func(r *http.Request, a monitor.Action) error {
			if user, _, _ := r.BasicAuth(); user != "operator" {
				return errors.New("not an operator: " + user)
			}
			return nil
		}
	})
	defer mon.Close()
	status, answer := post(mon, "resize", `{"pool": "shop", "min": 2, "max": 40}`, func(r *http.Request) { r.SetBasicAuth("operator", "…") })
	fmt.Println(status, answer)
	fmt.Println(pool.Config().MaxConns)
	// Output:
	// 200 {
	//   "message": "The pool has new limits."
	// }
	//
	// 40
}
