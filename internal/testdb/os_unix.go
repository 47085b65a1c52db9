//go:build unix

package testdb

import (
	"os"
	"os/exec"
	"syscall"
)

const (
	sigStop = syscall.SIGSTOP
	sigCont = syscall.SIGCONT
)

func setProcessAttributes(cmd *exec.Cmd, as *account, deathSignal syscall.Signal) {
	attr := &syscall.SysProcAttr{Setsid: true}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	setDeathSignal(attr, deathSignal)
	cmd.SysProcAttr = attr
}

func signalPID(pid int, sig syscall.Signal) { syscall.Kill(pid, sig) }

// lockFile takes an exclusive lock that other processes respect; closing the
// file releases it.
func lockFile(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return err
		}
	}
}
