//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package pooled

import "syscall"

// hungUp peeks at a socket, which Go keeps in non-blocking mode. A FIN behind
// unread bytes is not seen here, but the bytes are.
func hungUp(fd uintptr) (gone, unread bool) {
	var b [1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	switch err {
	case nil:
		return n == 0, n > 0
	case syscall.EAGAIN, syscall.EINTR:
		return false, false
	}
	return true, false
}
