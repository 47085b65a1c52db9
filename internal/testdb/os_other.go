//go:build !unix

package testdb

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// Elsewhere only servers that already run can be used: what follows is never
// called, because lockFile, the first step towards a private server, fails.

const (
	sigStop = syscall.SIGKILL
	sigCont = syscall.SIGKILL
)

func setProcessAttributes(*exec.Cmd, *account, syscall.Signal) {}

func signalPID(int, syscall.Signal) {}

func descendants(int) []int { return nil }

func alive(int) bool { return false }

func moves(int) bool { return false }

func removeSharedMemory(int) {}

func lockFile(*os.File) error {
	return errors.New("private servers need a Unix system: set POOLED_TEST_POSTGRES and POOLED_TEST_MYSQL")
}
