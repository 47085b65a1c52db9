package mysql

import "testing"

func TestSessionIDIsReadFromTheGreeting(t *testing.T) {
	mariadb := "\x5b\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\x00\x2a\x01\x00\x00salt1234\x00"
	for _, tt := range []struct {
		name, greeting string
		want           uint64
	}{
		{"a greeting", mariadb, 0x12a},
		{"all four bytes", "\x5b\x00\x00\x00\x0a8.4.0\x00\xff\xff\xff\xff", 1<<32 - 1},
		{"a refusal", "\x17\x00\x00\x00\xff\x10\x04Too many connections", 0},
		{"cut in the version", mariadb[:12], 0},
		{"cut in the number", mariadb[:39], 0},
		{"another protocol", "\x5b\x00\x00\x00\x095.5\x00\x2a\x01\x00\x00", 0},
		{"nothing", "", 0},
	} {
		if got := (Dialect{}).SessionID([]byte(tt.greeting)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
