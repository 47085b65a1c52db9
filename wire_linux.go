package pooled

import (
	"syscall"
	"unsafe"
)

// The bits of poll(2); package syscall does not have them.
const (
	pollErr   = 0x8
	pollHup   = 0x10
	pollRdHup = 0x2000
)

type pollFD struct {
	fd      int32
	events  int16
	revents int16
}

// hungUp asks poll(2) for the peer's FIN or RST and does not wait. Peeking at
// the socket would not do: a server that is told to end a session sends an
// error message first, and the FIN behind it stays out of sight.
func hungUp(fd uintptr) bool {
	p := pollFD{fd: int32(fd), events: pollRdHup}
	var now syscall.Timespec
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL,
		uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno == 0 && n == 1 && p.revents&(pollErr|pollHup|pollRdHup) != 0
}
