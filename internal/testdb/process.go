package testdb

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// process is a running server program.
type process struct {
	pid    int
	exited chan struct{} // closed when it is gone
}

// startProcess starts cmd as a session of its own, so that a Ctrl-C meant for
// the tests does not reach it, and asks the kernel to send it deathSignal if
// the test process dies.
func startProcess(cmd *exec.Cmd, as *account, deathSignal syscall.Signal) (*process, error) {
	setProcessAttributes(cmd, as, deathSignal)
	if err := spawn(cmd); err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, exited: make(chan struct{})}
	go func() {
		cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// signal sends sig to the server's first process only.
func (p *process) signal(sig syscall.Signal) error {
	proc, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	if err := proc.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// wait waits until the process has exited and says whether it did in time.
func (p *process) wait(limit time.Duration) bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(limit):
		return false
	}
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// freeze stops the process and all its descendants, and returns who was stopped,
// when nobody runs any more. The parent goes first, so that nobody is born behind
// our back.
func (p *process) freeze() []int {
	stopped := map[int]bool{}
	queue := []int{p.pid}
	for len(queue) > 0 {
		for _, pid := range queue {
			signalPID(pid, sigStop)
			stopped[pid] = true
		}
		untilNone(queue, moves)
		queue = queue[:0]
		for _, pid := range descendants(p.pid) {
			if !stopped[pid] {
				queue = append(queue, pid)
			}
		}
	}
	pids := make([]int, 0, len(stopped))
	for pid := range stopped {
		pids = append(pids, pid)
	}
	return pids
}

// kill ends the process and all its descendants with SIGKILL and waits until
// they are gone. Killing the first one alone would leave the others at work for
// a while, and out of sight.
func (p *process) kill() {
	if !p.running() {
		return
	}
	pids := p.freeze()
	for _, pid := range pids {
		signalPID(pid, syscall.SIGKILL)
	}
	<-p.exited
	// The others are no children of ours, so nobody tells when they have ended.
	untilNone(pids, alive)
}

// untilNone waits until none of the processes is so, for at most 5 s.
func untilNone(pids []int, so func(pid int) bool) {
	for deadline := time.Now().Add(5 * time.Second); slices.ContainsFunc(pids, so) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// spawner starts programs from one thread that lives as long as they do: the
// kernel sends a process its death signal when the thread that started it ends,
// and the Go runtime ends threads as it likes, unless a goroutine is locked to
// them.
var spawner struct {
	mu       sync.Mutex
	requests chan func()
}

func spawn(cmd *exec.Cmd) error {
	spawner.mu.Lock()
	defer spawner.mu.Unlock()
	if spawner.requests == nil {
		requests := make(chan func())
		spawner.requests = requests
		go func() {
			runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
			for start := range requests {
				start()
			}
		}()
	}
	result := make(chan error)
	spawner.requests <- func() { result <- cmd.Start() }
	return <-result
}

// endSpawner ends the thread, and with it any server that still runs.
func endSpawner() {
	spawner.mu.Lock()
	defer spawner.mu.Unlock()
	if spawner.requests != nil {
		close(spawner.requests)
		spawner.requests = nil
	}
}
