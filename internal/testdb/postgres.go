package testdb

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// postgres is the engine of PostgreSQL 12 and later.
type postgres struct {
	bin   string // the directory of initdb, postgres and psql
	named string
}

func (*postgres) kind() Kind         { return KindPostgres }
func (p *postgres) version() string  { return p.named }
func (*postgres) accounts() []string { return []string{"postgres", "nobody"} }
func (*postgres) admin() string      { return "postgres" }
func (*postgres) app() string        { return "pooled" }

// orderly is what pg_ctl calls a fast shutdown; SIGTERM would wait for clients
// to leave by themselves.
func (*postgres) orderly() syscall.Signal   { return syscall.SIGINT }
func (*postgres) immediate() syscall.Signal { return syscall.SIGQUIT }

func (*postgres) dsn(t target) string              { return t.postgresURL() }
func (*postgres) parse(dsn string) (target, error) { return parsePostgresURL(dsn) }

// find takes the newest version. Distributions that can hold several versions
// at once keep the programs out of PATH, so PATH alone does not find them.
func (p *postgres) find() error {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                   // the project's own RPMs
		"/opt/homebrew/opt/postgresql@*/bin", // Homebrew
		"/usr/local/opt/postgresql@*/bin",
	} {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	slices.Sort(dirs)
	newest := -1.0
	for _, dir := range slices.Compact(dirs) {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
		if err != nil {
			continue
		}
		// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
		_, rest, _ := strings.Cut(string(out), ") ")
		word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		number, _ := strconv.ParseFloat(strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyz"), 64)
		if number > newest {
			newest, p.bin, p.named = number, dir, "postgresql-"+word
		}
	}
	if newest < 0 {
		return errors.New("no PostgreSQL server found (postgres and initdb): install it (Debian: apt-get install postgresql)")
	}
	return nil
}

// initialize uses md5 passwords: scram costs both sides milliseconds of
// computing per connection, which would drown what tests measure.
func (p *postgres) initialize(dir, password string, run func(*exec.Cmd) error) error {
	data := filepath.Join(dir, "data")
	pwfile := filepath.Join(dir, "password")
	init := exec.Command(filepath.Join(p.bin, "initdb"), "-D", data, "-U", p.admin(), "--pwfile", pwfile,
		"-A", "md5", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions", "--wal-segsize=1")
	if err := run(init); err != nil {
		return err
	}
	// Single-user mode: one statement per line, no server needed.
	single := exec.Command(filepath.Join(p.bin, "postgres"), "--single", "-F", "-D", data, "postgres")
	single.Stdin = strings.NewReader(fmt.Sprintf(
		"CREATE ROLE %[1]s LOGIN CREATEDB PASSWORD '%[2]s'\n"+
			"GRANT pg_monitor, pg_signal_backend TO %[1]s\n"+
			"CREATE ROLE %[3]s LOGIN\n", p.app(), password, CertUser))
	if err := run(single); err != nil {
		return err
	}
	access := filepath.Join(data, "pg_hba.conf") // the first line that fits decides
	rest, err := os.ReadFile(access)
	if err != nil {
		return err
	}
	first := fmt.Sprintf("hostssl all %[1]s all cert\nhost all %[1]s all reject\n", CertUser)
	return os.WriteFile(access, append([]byte(first), rest...), 0o600)
}

// command keeps synchronous_commit and full_page_writes on: see "What is
// durable" in the package comment.
func (p *postgres) command(s *Server) *exec.Cmd {
	args := []string{"-D", filepath.Join(s.dir, "data")}
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(s.port),
		"unix_socket_directories": "", // a temporary directory's path may be too long for a socket
		"fsync":                   "off",
		"shared_buffers":          "32MB",
		"max_wal_size":            "256MB",
		"min_wal_size":            "8MB",
		"jit":                     "off",
		"log_line_prefix":         "%m [%p] %u@%d ",
		"timezone":                "UTC",
		// Files in the data directory, which go away with it, in place of
		// shared memory, which a killed server would leave to the system.
		"dynamic_shared_memory_type": "mmap",
	}
	if !s.withoutTLS {
		settings["ssl"] = "on"
		settings["ssl_cert_file"] = s.file("server.crt")
		settings["ssl_key_file"] = s.file("server.key")
		settings["ssl_ca_file"] = s.file("root.crt")
	}
	for name, value := range s.settings {
		settings[name] = value
	}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return exec.Command(filepath.Join(p.bin, "postgres"), args...)
}

// ready reads what pg_ctl -w reads: the last line of postmaster.pid. The first
// line tells an old file, left by a killed server, from the new one.
func (p *postgres) ready(s *Server, pid int) bool {
	lines := p.lockFile(s)
	return len(lines) >= 8 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}

// sharedMemory returns the identifier of the System V segment by which
// PostgreSQL knows whether somebody uses its data directory. A killed server
// leaves it to the system.
func (p *postgres) sharedMemory(s *Server) (id int, ok bool) {
	lines := p.lockFile(s)
	if len(lines) < 7 {
		return 0, false
	}
	fields := strings.Fields(lines[6]) // key and identifier
	if len(fields) != 2 {
		return 0, false
	}
	id, err := strconv.Atoi(fields[1])
	return id, err == nil
}

func (*postgres) lockFile(s *Server) []string {
	text, err := os.ReadFile(filepath.Join(s.dir, "data", "postmaster.pid"))
	if err != nil {
		return nil
	}
	return strings.Split(string(text), "\n")
}

func (p *postgres) query(t target, sql string) *exec.Cmd {
	psql := "psql"
	if p.bin != "" {
		psql = filepath.Join(p.bin, "psql")
	}
	host, port, _ := net.SplitHostPort(t.addr)
	if t.database == "" {
		t.database = "postgres"
	}
	cmd := exec.Command(psql, "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
		"-h", host, "-p", port, "-U", t.user, "-d", t.database, "-w", "-f", "-")
	cmd.Env = append(cleanEnv(), "PGPASSWORD="+t.password, "PGCONNECT_TIMEOUT=10")
	for param := range strings.SplitSeq(t.params, "&") {
		if mode, ok := strings.CutPrefix(param, "sslmode="); ok {
			cmd.Env = append(cmd.Env, "PGSSLMODE="+mode)
		}
	}
	cmd.Stdin = strings.NewReader(sql + "\n;\n")
	return cmd
}

func (*postgres) createDatabase(name, owner string) string {
	return fmt.Sprintf(`CREATE DATABASE "%s" OWNER "%s"`, name, owner)
}

func (*postgres) dropDatabase(name string) string {
	return fmt.Sprintf(`DROP DATABASE IF EXISTS "%s" WITH (FORCE)`, name)
}
