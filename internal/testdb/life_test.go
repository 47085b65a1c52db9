//go:build unix

package testdb

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHelperStartsAndWaits is not a test: TestServersDieWithTheTestProcess runs
// it in a process of its own.
func TestHelperStartsAndWaits(t *testing.T) {
	kind := os.Getenv("POOLED_TESTDB_HELPER")
	if kind == "" {
		t.Skip("it serves TestServersDieWithTheTestProcess")
	}
	start := Postgres
	if kind == "MariaDB" {
		start = MySQL
	}
	s := start(t)
	pids := append(descendants(s.process.pid), s.process.pid)
	if os.Getenv("POOLED_TESTDB_STALL") != "" {
		if err := s.Stall(); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("started", s.dir, strings.Trim(fmt.Sprint(pids), "[]"))
	select {}
}

func TestServersDieWithTheTestProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("it looks for processes in /proc")
	}
	mustStart(t, "PostgreSQL or MariaDB", "")
	for _, kind := range []string{"PostgreSQL", "MariaDB"} {
		for _, state := range []string{"running", "stalled"} {
			t.Run(kind+"/"+state, func(t *testing.T) {
				t.Parallel()
				helper := exec.Command(os.Args[0], "-test.run=^TestHelperStartsAndWaits$", "-test.v")
				helper.Env = append(os.Environ(), "POOLED_TESTDB_HELPER="+kind)
				if state == "stalled" {
					helper.Env = append(helper.Env, "POOLED_TESTDB_STALL=1")
				}
				helper.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				out, err := helper.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := helper.Start(); err != nil {
					t.Fatal(err)
				}
				dir, pids := awaitStarted(t, out)
				// The whole group, as a runner that gives up would.
				syscall.Kill(-helper.Process.Pid, syscall.SIGKILL)
				helper.Wait()
				deadline := time.Now().Add(15 * time.Second)
				for _, pid := range pids {
					for alive(pid) {
						if time.Now().After(deadline) {
							t.Fatalf("process %d outlived the tests", pid)
						}
						time.Sleep(10 * time.Millisecond)
					}
				}
				for {
					if _, err := os.Stat(dir); os.IsNotExist(err) {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("%s was left behind", dir)
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	}
}

func awaitStarted(t *testing.T, out interface{ Read([]byte) (int, error) }) (dir string, pids []int) {
	t.Helper()
	var all []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		all = append(all, lines.Text())
		rest, ok := strings.CutPrefix(lines.Text(), "started ")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		for _, field := range fields[1:] {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
		return fields[0], pids
	}
	t.Fatalf("the helper ended early:\n%s", strings.Join(all, "\n"))
	return "", nil
}

func TestNothingIsLeftBehind(t *testing.T) {
	engines(t, func(t *testing.T, start func(testing.TB, ...Option) *Server) {
		var dir string
		var pids []int
		t.Run("a test with a server", func(t *testing.T) {
			s := start(t)
			s.NewDatabase(t)
			dir = s.dir
			pids = append(descendants(s.process.pid), s.process.pid, s.dog.cmd.Process.Pid)
		})
		if dir == "" {
			t.SkipNow() // with the test inside
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("the directory is still there: %v", err)
		}
		for _, pid := range pids {
			if alive(pid) {
				t.Errorf("process %d is still there", pid)
			}
		}
	})
}

func TestTemplatesAreMadeOnceByConcurrentProcesses(t *testing.T) {
	mustStart(t, KindPostgres, "")
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	errs := make(chan error)
	const servers = 3
	for range servers {
		go func() {
			// File locks are per open file, so goroutines compete as processes do.
			s, err := newServer(&postgres{}, nil)
			if err == nil {
				s.close()
			}
			errs <- err
		}()
	}
	for range servers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	made, _ := filepath.Glob(filepath.Join(cache, "pooled-testdb", "postgresql-*-"+templateVersion))
	half, _ := filepath.Glob(filepath.Join(cache, "pooled-testdb", "*.half"))
	if len(made) != 1 || len(half) != 0 {
		t.Errorf("the cache holds %v and %v", made, half)
	}
}
