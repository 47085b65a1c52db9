package migrate_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/pooledsql/pooled/migrate"
)

// workerVariable makes a test binary a process that runs migrations, and says
// which.
const workerVariable = "POOLED_TEST_MIGRATE"

// work is what a worker does.
type work struct {
	Driver, DSN string
	Set         string // one of workSets
	KillAt      int64  // the call to the driver before which it is killed; 0: none
	Prefix      int    // how many files there are; 0: all
}

var workSets = map[string]map[string]fstest.MapFS{
	"ten":    {"pgx": tenPostgres, "mysql": tenMySQL},
	"twenty": {"pgx": twenty, "mysql": twenty},
	"sleep": {
		"pgx":   files("00001_a.sql", file("CREATE TABLE a (id int);\nSELECT pg_sleep(1.5);", "DROP TABLE a;")),
		"mysql": files("00001_a.sql", file("CREATE TABLE a (id int);\nSELECT SLEEP(1.5);", "DROP TABLE a;")),
	},
}

// worker runs Up and prints how many calls the driver got.
func worker() int {
	var w work
	if err := json.Unmarshal([]byte(os.Getenv(workerVariable)), &w); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	base, err := sql.Open(w.Driver, w.DSN)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	c := &doomedConnector{base: base.Driver().(driver.DriverContext), dsn: w.DSN, at: w.KillAt}
	db := sql.OpenDB(c)
	server := "postgres"
	if w.Driver == "mysql" {
		server = "mysql"
	}
	fsys := workSets[w.Set][w.Driver]
	if w.Prefix > 0 {
		fsys = prefix(fsys, w.Prefix)
	}
	m, err := migrate.New(db, fsys, func(c *migrate.Config) { c.Server = server })
	if err == nil {
		_, err = m.Up(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(c.calls.Load())
	return 0
}

// prefix returns the first n files of a set whose names begin with 00001.
func prefix(fsys fstest.MapFS, n int) fstest.MapFS {
	out := fstest.MapFS{}
	for name, f := range fsys {
		var v int
		if _, err := fmt.Sscanf(name, "%d", &v); err == nil && v <= n {
			out[name] = f
		}
	}
	return out
}

// command makes the process of a worker.
func (w work) command(t testing.TB) (cmd *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), workerVariable+"="+string(text))
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, errs
	return cmd, out, errs
}

// killed reports whether a process ended by SIGKILL.
func killed(cmd *exec.Cmd) bool {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// doomedConnector makes connections that count calls and kill the process
// before a certain one, with SIGKILL: nothing of it does anything afterwards.
type doomedConnector struct {
	base  driver.DriverContext
	dsn   string
	at    int64
	calls atomic.Int64
}

func (c *doomedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	base, err := c.base.OpenConnector(c.dsn)
	if err != nil {
		return nil, err
	}
	conn, err := base.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &doomed{conn, c}, nil
}

func (c *doomedConnector) Driver() driver.Driver { return c.base.(driver.Driver) }

func (c *doomedConnector) call() {
	if c.calls.Add(1) == c.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// doomed has what both drivers have.
type doomed struct {
	driver.Conn
	c *doomedConnector
}

func (d *doomed) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	d.c.call()
	return d.Conn.(driver.ExecerContext).ExecContext(ctx, q, args)
}

func (d *doomed) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	d.c.call()
	return d.Conn.(driver.QueryerContext).QueryContext(ctx, q, args)
}

func (d *doomed) PrepareContext(ctx context.Context, q string) (driver.Stmt, error) {
	d.c.call()
	return d.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, q)
}

func (d *doomed) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	d.c.call()
	tx, err := d.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return doomedTx{tx, d.c}, err
}

func (d *doomed) CheckNamedValue(nv *driver.NamedValue) error {
	return d.Conn.(driver.NamedValueChecker).CheckNamedValue(nv)
}

func (d *doomed) Ping(ctx context.Context) error { return d.Conn.(driver.Pinger).Ping(ctx) }

type doomedTx struct {
	driver.Tx
	c *doomedConnector
}

func (t doomedTx) Commit() error {
	t.c.call()
	return t.Tx.Commit()
}

func (t doomedTx) Rollback() error {
	t.c.call()
	return t.Tx.Rollback()
}
