package local

import "testing"

func TestHostsOfThisMachineAreTold(t *testing.T) {
	for list, want := range map[string]bool{
		"": true, "localhost": true, "LOCALHOST.": true, "db.localhost": true, "127.0.0.1": true, "127.8.0.1": true,
		"::1": true, "[::1]": true, "::ffff:127.0.0.1": true, "/run/postgresql": true, "@abstract": true, `C:\sockets`: true,
		"localhost,::1,/tmp": true,
		"db.example":         false, "localhost.example": false, "notlocalhost": false, "10.0.0.1": false, "0.0.0.0": false, "::": false,
		"localhost,db.example": false, "db.localhost,db.example": false,
	} {
		if got := Hosts(list); got != want {
			t.Errorf("%q: %t instead of %t", list, got, want)
		}
	}
}
