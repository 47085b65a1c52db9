//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package pooled

// hungUp cannot tell here; the ping of an idle link finds out.
func hungUp(uintptr) (gone, unread bool) { return false, false }
