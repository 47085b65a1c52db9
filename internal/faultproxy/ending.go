package faultproxy

// Ending is how a connection is broken.
type Ending int

const (
	// FIN hangs up in good order, as the system does for a program that exits:
	// reads end, and what is written later is answered with a reset.
	FIN Ending = iota

	// RST resets the connection, as a system does that knows nothing of it, or
	// a firewall: reads and writes fail.
	RST

	// Hang leaves the connection open and forwards nothing more, as a network
	// does that is gone. Only hanging up from either end, KillAll or Close end it.
	Hang
)

// String returns "FIN", "RST" or "hang".
func (e Ending) String() string { return [...]string{"FIN", "RST", "hang"}[e] }
