package testdb

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func setDeathSignal(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }

// descendants reads /proc itself: ps is not on every machine.
func descendants(root int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		// "123 (name) S 1 ...": the name may hold spaces and parentheses.
		end := bytes.LastIndexByte(text, ')')
		fields := bytes.Fields(text[end+1:])
		if end < 0 || len(fields) < 2 {
			continue
		}
		pid, err1 := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, err2 := strconv.Atoi(string(fields[1]))
		if err1 == nil && err2 == nil {
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

// alive reports whether a process exists and does more than wait for its parent
// to take note of its end.
func alive(pid int) bool { return doesMore("/proc/"+strconv.Itoa(pid)+"/stat", "ZX") }

// moves reports whether a thread of a process is not stopped. The one that gets
// SIGSTOP tells the others, but only when it is its turn on a processor.
func moves(pid int) bool {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
	return slices.ContainsFunc(threads, func(path string) bool { return doesMore(path, "TtZX") })
}

// doesMore reads whether a process or thread is there, and in none of the states.
func doesMore(stat, states string) bool {
	text, err := os.ReadFile(stat)
	if err != nil {
		return false
	}
	end := bytes.LastIndexByte(text, ')')
	fields := bytes.Fields(text[end+1:])
	return len(fields) > 0 && !strings.Contains(states, string(fields[0]))
}

// removeSharedMemory removes a System V segment that a killed server left.
func removeSharedMemory(id int) {
	const remove = 0 // IPC_RMID
	syscall.Syscall(syscall.SYS_SHMCTL, uintptr(id), remove, 0)
}
