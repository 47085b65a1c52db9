package testdb

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
)

// watchdog is a small shell process that outlives us. It reads what we tell it
// from a pipe; when the pipe ends without a goodbye, we are dead, and it ends
// the server and removes its directory.
//
// The death signal alone would not do: it exists on Linux only, a process that
// Stall has stopped does not act on it, and nobody would tidy up.
type watchdog struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// The server gets a few seconds to go by itself after SIGQUIT, so that it can
// release what the system does not release for it.
const watchdogScript = `
trap '' HUP INT TERM QUIT PIPE
pid= stopped=
while read -r word rest; do
	case $word in
	pid) pid=$rest ;;
	stopped) stopped=$rest ;;
	bye) exit 0 ;;
	esac
done
[ -n "$pid" ] && kill -QUIT $pid
[ -n "$stopped" ] && kill -CONT $stopped
n=0
while [ -n "$pid" ] && kill -0 $pid && [ $n -lt 50 ]; do
	sleep 0.1
	n=$((n + 1))
done
[ $n -eq 50 ] && kill -KILL $pid $stopped
rm -rf -- "$1"
`

func startWatchdog(dir string) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "sh", dir)
	cmd.Dir = "/"
	// A group of its own: who kills the group of the tests spares the watchdog.
	setProcessAttributes(cmd, nil, syscall.Signal(0))
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &watchdog{cmd: cmd, pipe: pipe}, nil
}

// runs tells the process id of the server, 0 for none.
func (w *watchdog) runs(pid int) {
	if pid == 0 {
		fmt.Fprintln(w.pipe, "pid")
		return
	}
	fmt.Fprintln(w.pipe, "pid", pid)
}

// stopped tells which processes are stopped at the moment.
func (w *watchdog) stopped(pids []int) {
	fmt.Fprintln(w.pipe, "stopped", strings.Trim(fmt.Sprint(pids), "[]"))
}

// end says that there is nothing left to guard.
func (w *watchdog) end() {
	fmt.Fprintln(w.pipe, "bye")
	w.pipe.Close()
	w.cmd.Wait()
}
