package testdb

import (
	"testing"
	"time"
)

func TestAStandbyFollowsAndIsPromoted(t *testing.T) {
	primary := Postgres(t, Setting("max_connections", "120"))
	db := primary.NewDatabase(t)
	standby := primary.Standby(t)
	mustQuery(t, primary, db, "CREATE TABLE x (n int); INSERT INTO x VALUES (1)")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if got, err := standby.Query(db, "SELECT n FROM x"); err == nil && got == "1\n" {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the standby does not follow: %q, %v", got, err)
		}
	}
	if _, err := standby.Query(db, "INSERT INTO x VALUES (2)"); err == nil {
		t.Error("the standby takes writes")
	}
	if err := primary.Promote(); err == nil {
		t.Error("a primary lets itself be promoted")
	}
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	mustQuery(t, standby, db, "INSERT INTO x VALUES (2)")
	if got := mustQuery(t, standby, db, "SELECT count(*) FROM x"); got != "2\n" {
		t.Errorf("%q rows", got)
	}
}
