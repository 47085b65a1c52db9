// Package loopback finds ports for servers that tests start on 127.0.0.1.
//
// The tempting way, listening on port 0 and taking what comes, hands out a
// port of the range from which the kernel also takes the source ports of
// outgoing connections. A server that is stopped and started again on such a
// port finds it taken by some client now and then, and a client that dials it
// meanwhile may even connect to itself. So ports come from below that range.
package loopback

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Host is the address that everything in this package is about.
const Host = "127.0.0.1"

const lowestPort = 10000

// tries bounds the search: on a machine where this many random ports are
// taken, something else is wrong.
const tries = 200

// Listen listens on a random free port that no outgoing connection will take
// once the listener is closed.
func Listen() (net.Listener, error) {
	var last error
	for range tries {
		l, err := net.Listen("tcp4", net.JoinHostPort(Host, strconv.Itoa(pick())))
		if err == nil {
			return l, nil
		}
		last = err
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			break
		}
	}
	return nil, fmt.Errorf("no free port on %s: %w", Host, last)
}

// Port returns a port that was free a moment ago. Who starts a server on it
// must be ready to ask for another.
func Port() (int, error) {
	l, err := Listen()
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// pick draws a port below the range of outgoing connections.
func pick() int {
	low := 32768
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		var first, last int
		if n, _ := fmt.Sscan(string(text), &first, &last); n == 2 {
			low = first
		}
	}
	if low <= lowestPort+1000 {
		// The range begins so low that there is no room under it.
		low = 1 << 16
	}
	return lowestPort + rand.IntN(low-lowestPort)
}
