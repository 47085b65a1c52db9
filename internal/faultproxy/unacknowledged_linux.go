package faultproxy

import (
	"net"
	"syscall"
	"unsafe"
)

// unacknowledged returns how many of the bytes written to c its peer's system
// has not taken yet.
func unacknowledged(c *net.TCPConn) int {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	var n int32
	raw.Control(func(fd uintptr) {
		// SIOCOUTQ, which has the number of the terminals' TIOCOUTQ.
		syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	})
	return int(n)
}
