package loopback

import (
	"net"
	"strconv"
	"testing"
)

func TestPortsCanBeListenedOnAndTakenBack(t *testing.T) {
	l, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if l, err = net.Listen("tcp4", addr); err != nil {
		t.Fatal(err)
	}
	l.Close()
	port, err := Port()
	if err != nil {
		t.Fatal(err)
	}
	if l, err = net.Listen("tcp4", net.JoinHostPort(Host, strconv.Itoa(port))); err != nil {
		t.Fatal(err)
	}
	l.Close()
}
