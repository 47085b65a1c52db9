package pooled

import (
	"syscall"
	"unsafe"
)

// The bits of poll(2); package syscall does not have them.
const (
	pollIn    = 0x1
	pollErr   = 0x8
	pollHup   = 0x10
	pollRdHup = 0x2000
)

type pollFD struct {
	fd      int32
	events  int16
	revents int16
}

// hungUp asks poll(2) for the peer's FIN or RST, and whether there is something
// to read, and does not wait. Peeking at the socket would not do: a server that
// is told to end a session sends an error message first, and the FIN behind it
// stays out of sight.
func hungUp(fd uintptr) (gone, unread bool) {
	p := pollFD{fd: int32(fd), events: pollIn | pollRdHup}
	var now syscall.Timespec
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL,
		uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	if errno != 0 || n != 1 {
		return false, false
	}
	return p.revents&(pollErr|pollHup|pollRdHup) != 0, p.revents&pollIn != 0
}
