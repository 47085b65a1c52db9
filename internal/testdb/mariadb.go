package testdb

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// mariadb is the engine of MariaDB 10.5 and later.
type mariadb struct {
	server  string
	install string
	client  string
	named   string
}

func (*mariadb) kind() Kind         { return KindMySQL }
func (m *mariadb) version() string  { return m.named }
func (*mariadb) accounts() []string { return []string{"mysql", "nobody"} }
func (*mariadb) admin() string      { return "root" }
func (*mariadb) app() string        { return "pooled" }

func (*mariadb) orderly() syscall.Signal   { return syscall.SIGTERM }
func (*mariadb) immediate() syscall.Signal { return syscall.SIGKILL }

func (*mariadb) dsn(t target) string              { return t.mysqlDSN() }
func (*mariadb) parse(dsn string) (target, error) { return parseMySQLDSN(dsn) }

// find looks beyond PATH because servers often live in directories that only
// root has in theirs.
func (m *mariadb) find() error {
	m.findClient()
	for _, name := range []string{"mariadbd", "mysqld"} {
		path := program(name)
		if path == "" {
			continue
		}
		// "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu ..."
		out, err := exec.Command(path, "--no-defaults", "--version").Output()
		if err != nil || !strings.Contains(string(out), "MariaDB") {
			continue
		}
		_, rest, _ := strings.Cut(string(out), "Ver ")
		word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		m.server, m.named = path, "mariadb-"+word
		break
	}
	m.install = program("mariadb-install-db", "mysql_install_db")
	if m.server == "" || m.install == "" || m.client == "" {
		return errors.New("no MariaDB server found (mariadbd, mariadb-install-db and mariadb): " +
			"install it (Debian: apt-get install mariadb-server)")
	}
	return nil
}

func (m *mariadb) findClient() {
	m.client = program("mariadb", "mysql")
}

// program finds the first of the names in PATH or where servers live.
func program(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, dir := range []string{"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"} {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path
			}
		}
	}
	return ""
}

func (m *mariadb) initialize(dir, password string, run func(*exec.Cmd) error) error {
	data := filepath.Join(dir, "data")
	if err := run(exec.Command(m.install, "--no-defaults", "--datadir="+data, "--skip-test-db",
		"--auth-root-authentication-method=normal", "--innodb-log-file-size=16M")); err != nil {
		return err
	}
	// The application's user lacks the two rights that would let it write to a
	// read-only server and connect to a full one. Bootstrap mode reads one
	// statement per line and knows no users before FLUSH PRIVILEGES.
	bootstrap := exec.Command(m.server, "--no-defaults", "--bootstrap", "--datadir="+data,
		"--innodb-log-file-size=16M", "--innodb-use-native-aio=0")
	bootstrap.Stdin = strings.NewReader(fmt.Sprintf(
		"FLUSH PRIVILEGES;\n"+
			"DELETE FROM mysql.global_priv WHERE User = '' OR Host NOT IN ('localhost');\n"+
			"FLUSH PRIVILEGES;\n"+
			"CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '%[2]s';\n"+
			"GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"+
			"ALTER USER 'root'@'localhost' IDENTIFIED BY '%[2]s';\n"+
			"CREATE USER '%[1]s'@'127.0.0.1' IDENTIFIED BY '%[2]s';\n"+
			"GRANT ALL PRIVILEGES ON *.* TO '%[1]s'@'127.0.0.1';\n"+
			"REVOKE SUPER, READ_ONLY ADMIN, CONNECTION ADMIN ON *.* FROM '%[1]s'@'127.0.0.1';\n"+
			"CREATE USER '%[3]s'@'127.0.0.1' REQUIRE SUBJECT '/CN=%[3]s';\n"+
			"GRANT SELECT ON *.* TO '%[3]s'@'127.0.0.1';\n",
		m.app(), password, CertUser))
	return run(bootstrap)
}

// command lets the log be written at each commit but never flushed, and keeps
// the doublewrite buffer: see "What is durable" in the package comment.
func (m *mariadb) command(s *Server) *exec.Cmd {
	args := []string{"--no-defaults"}
	settings := map[string]string{
		"datadir":                        filepath.Join(s.dir, "data"),
		"socket":                         "mariadb.sock", // relative to datadir: a full path may be too long
		"pid-file":                       "mariadb.pid",
		"port":                           strconv.Itoa(s.port),
		"bind-address":                   "127.0.0.1",
		"skip-name-resolve":              "ON",
		"max-connect-errors":             "4294967295",
		"character-set-server":           "utf8mb4",
		"innodb-buffer-pool-size":        "64M",
		"innodb-log-file-size":           "16M",
		"innodb-flush-log-at-trx-commit": "2",
		"innodb-use-native-aio":          "0", // asynchronous requests are few on some machines, and shared by all
		"sync-frm":                       "0",
		"default-time-zone":              "+00:00",
	}
	if !s.withoutTLS {
		settings["ssl-cert"] = s.file("server.crt")
		settings["ssl-key"] = s.file("server.key")
		settings["ssl-ca"] = s.file("root.crt")
	}
	for name, value := range s.settings {
		settings[strings.ReplaceAll(name, "_", "-")] = value
	}
	for name, value := range settings {
		args = append(args, "--"+name+"="+value)
	}
	return exec.Command(m.server, args...)
}

// ready waits for the greeting. The port is open before the server serves, so
// that it can be dialled says nothing.
func (*mariadb) ready(s *Server, _ int) bool {
	c, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	var greeting [5]byte // length, sequence, protocol version
	_, err = io.ReadFull(c, greeting[:])
	return err == nil && greeting[4] == 10
}

func (m *mariadb) query(t target, sql string) *exec.Cmd {
	if m.client == "" {
		m.findClient()
	}
	host, port, _ := net.SplitHostPort(t.addr)
	cmd := exec.Command(m.client, "--no-defaults", "--batch", "--skip-column-names", "--protocol=tcp",
		"--connect-timeout=10", "--host="+host, "--port="+port, "--user="+t.user, "--database="+t.database)
	cmd.Env = append(cleanEnv(), "MYSQL_PWD="+t.password)
	cmd.Stdin = strings.NewReader(sql + "\n;\n")
	return cmd
}

func (*mariadb) createDatabase(name, _ string) string {
	return fmt.Sprintf("CREATE DATABASE `%s`", name)
}

func (*mariadb) dropDatabase(name string) string {
	return fmt.Sprintf("DROP DATABASE IF EXISTS `%s`", name)
}
