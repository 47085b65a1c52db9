package faultproxy

// Direction is the way that bytes go.
type Direction int

const (
	Up   Direction = iota // from the client to the server
	Down                  // from the server to the client
)

// String returns "up" or "down".
func (d Direction) String() string {
	if d == Up {
		return "up"
	}
	return "down"
}

// Both is for faults in both directions: for _, d := range faultproxy.Both.
var Both = [...]Direction{Up, Down}
