package faultproxy

// Stats counts what went through a proxy since it began.
type Stats struct {
	Accepted  int      // connections from clients
	Open      int      // of these, not yet ended
	DialFails int      // of these, ended because the server could not be reached
	Bytes     [2]int64 // forwarded, by Direction
}
