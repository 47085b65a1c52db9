//go:build unix && !linux

package testdb

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
)

// setDeathSignal does nothing: only Linux has one. The watchdog ends the server
// here.
func setDeathSignal(*syscall.SysProcAttr, syscall.Signal) {}

func descendants(root int) []int {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var pid, parent int
		if n, _ := fmt.Sscan(lines.Text(), &pid, &parent); n == 2 {
			children[parent] = append(children[parent], pid)
		}
	}
	var found []int
	queue := []int{root}
	for len(queue) > 0 {
		next := children[queue[0]]
		queue = append(queue[1:], next...)
		found = append(found, next...)
	}
	return found
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// moves cannot tell here of each thread.
func moves(int) bool { return false }

func removeSharedMemory(id int) {
	exec.Command("ipcrm", "-m", strconv.Itoa(id)).Run()
}
