package migrate_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// program finds a client program where servers are installed.
func program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/opt/homebrew/opt/postgresql@*/bin/"} {
			if found, _ := filepath.Glob(pattern + name); len(found) > 0 {
				return found[len(found)-1]
			}
		}
	}
	t.Fatalf("needs one of %v, which comes with the server: make deps installs it", names)
	return ""
}

var unstable = regexp.MustCompile(`(?m)^(--.*|\\(un)?restrict.*|/\*M?!.*)\n|^\n| AUTO_INCREMENT=\d+`)

// dump writes the schema and the rows, but goose's tables and ours.
func (r *rig) dump(t testing.TB) string {
	t.Helper()
	var cmd *exec.Cmd
	if r.name == "Postgres" {
		cmd = exec.Command(program(t, "pg_dump"), "--no-owner", "--inserts", "-T", "goose_*", r.dsn)
	} else {
		user, rest, _ := strings.Cut(r.dsn, "@")
		name, password, _ := strings.Cut(user, ":")
		host, port, err := net.SplitHostPort(r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_ = rest
		args := []string{"--no-defaults", "-h", host, "-P", port, "-u", name, "--skip-comments", "--routines", "--triggers", "--events",
			"--skip-extended-insert", "--order-by-primary"}
		for _, table := range []string{"goose_db_version", "goose_db_version_history", "goose_lock"} {
			args = append(args, "--ignore-table="+r.database+"."+table)
		}
		cmd = exec.Command(program(t, "mariadb-dump", "mysqldump"), append(args, r.database)...)
		cmd.Env = append(os.Environ(), "MYSQL_PWD="+password)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dump: %v: %s", err, errs.String())
	}
	return unstable.ReplaceAllString(string(out), "")
}
