package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// serverConfig is a MySQL or MariaDB server for tests, with an account that
// may do everything.
func serverConfig(t *testing.T) *mysql.Config {
	t.Helper()
	s := testdb.SharedMySQL(t)
	cfg, err := mysql.ParseDSN(s.AdminDSN(s.NewDatabase(t)))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func wantFault(t *testing.T, err error, want pooled.Fault) {
	t.Helper()
	if got := (Dialect{}).Fault(err); got != want {
		t.Errorf("fault %d, want %d: %#v %v", got, want, err, err)
	} else {
		t.Logf("%d: %v", got, err)
	}
}

func TestServerRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*mysql.Config)
		want   pooled.Fault
	}{
		{"wrong password", func(c *mysql.Config) { c.Passwd = "wrong" }, pooled.FaultConfig},
		{"unknown database", func(c *mysql.Config) { c.DBName = "nowhere" }, pooled.FaultConfig},
		{"nothing listens", func(c *mysql.Config) { c.Net, c.Addr = "tcp", "127.0.0.1:1" }, pooled.FaultServerDown},
		{"no socket", func(c *mysql.Config) { c.Net, c.Addr = "unix", "/nowhere/s" }, pooled.FaultServerDown},
		{"unknown host", func(c *mysql.Config) { c.Net, c.Addr = "tcp", "no-such-host.invalid:3306" }, pooled.FaultConfig},
		{"no route in time", func(c *mysql.Config) {
			c.Net, c.Addr, c.Timeout = "tcp", "192.0.2.1:3306", 50*time.Millisecond
		}, pooled.FaultServerDown},
		{"certificate not trusted", func(c *mysql.Config) { c.TLSConfig = "true" }, pooled.FaultConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := serverConfig(t)
			c.change(cfg)
			err := testdb.OpenBase(t, baseDriver{}, cfg.FormatDSN()).PingContext(t.Context())
			if err == nil {
				t.Fatal("connected")
			}
			wantFault(t, err, c.want)
			testdb.WantBareError(t, "mysql", cfg.FormatDSN(), err)
		})
	}
}

func TestServerStatementFaults(t *testing.T) {
	ctx, server := t.Context(), serverConfig(t)
	db := testdb.OpenBase(t, baseDriver{}, server.FormatDSN())
	a, b := testdb.Session(t, db), testdb.Session(t, db)
	testdb.MustExec(t, a, `drop table if exists pooled_faults`)
	testdb.MustExec(t, a, `create table pooled_faults (id int primary key, v int) engine=innodb`)
	t.Cleanup(func() { db.Exec(`drop table if exists pooled_faults`) })
	testdb.MustExec(t, a, `insert into pooled_faults values (1, 0), (2, 0)`)
	exec := func(c *sql.Conn, query string) error {
		_, err := c.ExecContext(ctx, query)
		return err
	}
	var version string
	if err := a.QueryRowContext(ctx, `select version()`).Scan(&version); err != nil {
		t.Fatal(err)
	}

	t.Run("the program's own", func(t *testing.T) {
		wantFault(t, exec(a, `selec`), pooled.FaultProgram)
		wantFault(t, exec(a, `insert into pooled_faults values (1, 1)`), pooled.FaultProgram)
		wantFault(t, exec(a, `select * from nowhere`), pooled.FaultProgram)
		wantFault(t, exec(a, `create trigger pooled_faults_t before insert on pooled_faults for each row follows nothing set @a = 1`), pooled.FaultProgram)
	})
	const long = `select count(*) from information_schema.columns a, information_schema.columns b, information_schema.columns c where a.column_name < b.column_name`
	t.Run("statement took too long", func(t *testing.T) {
		query := `select /*+ MAX_EXECUTION_TIME(50) */` + strings.TrimPrefix(long, `select`)
		if strings.Contains(version, "MariaDB") {
			query = `set statement max_statement_time = 0.05 for ` + long
		}
		wantFault(t, exec(a, query), pooled.FaultCancelled)
	})
	t.Run("killed query", func(t *testing.T) {
		var id int
		if err := a.QueryRowContext(ctx, `select connection_id()`).Scan(&id); err != nil {
			t.Fatal(err)
		}
		killed := make(chan error)
		go func() { killed <- exec(a, long) }()
		time.Sleep(100 * time.Millisecond)
		testdb.MustExec(t, b, `kill query ?`, id)
		wantFault(t, <-killed, pooled.FaultCancelled)
	})
	t.Run("read-only transaction", func(t *testing.T) {
		testdb.MustExec(t, a, `start transaction read only`)
		wantFault(t, exec(a, `update pooled_faults set v = 1`), pooled.FaultReadOnly)
		testdb.MustExec(t, a, `rollback`)
	})
	t.Run("lock not available", func(t *testing.T) {
		testdb.MustExec(t, a, `begin`)
		testdb.MustExec(t, a, `update pooled_faults set v = 1`)
		wantFault(t, exec(b, `select * from pooled_faults for update nowait`), pooled.FaultLockTimeout)
		testdb.MustExec(t, b, `set innodb_lock_wait_timeout = 1`)
		wantFault(t, exec(b, `update pooled_faults set v = 2`), pooled.FaultLockTimeout)
		testdb.MustExec(t, b, `set innodb_lock_wait_timeout = default`)
		testdb.MustExec(t, a, `rollback`)
	})
	t.Run("deadlock", func(t *testing.T) {
		testdb.MustExec(t, a, `begin`)
		testdb.MustExec(t, b, `begin`)
		testdb.MustExec(t, a, `update pooled_faults set v = 1 where id = 1`)
		testdb.MustExec(t, b, `update pooled_faults set v = 1 where id = 2`)
		other := make(chan error)
		go func() { other <- exec(b, `update pooled_faults set v = 1 where id = 1`) }()
		time.Sleep(50 * time.Millisecond)
		err := exec(a, `update pooled_faults set v = 1 where id = 2`)
		if err == nil {
			err = <-other
		} else {
			exec(a, `rollback`)
			<-other
		}
		wantFault(t, err, pooled.FaultDeadlock)
		testdb.MustExec(t, a, `rollback`)
		testdb.MustExec(t, b, `rollback`)
	})
	t.Run("changed since the snapshot", func(t *testing.T) {
		if _, err := a.ExecContext(ctx, `set session innodb_snapshot_isolation = 1`); err != nil {
			t.Skip("this server has no innodb_snapshot_isolation")
		}
		testdb.MustExec(t, a, `start transaction with consistent snapshot`)
		testdb.MustExec(t, a, `select * from pooled_faults`)
		testdb.MustExec(t, a, `insert into pooled_faults values (77, 0)`)
		testdb.MustExec(t, b, `update pooled_faults set v = v + 1 where id = 1`)
		wantFault(t, exec(a, `update pooled_faults set v = v + 1 where id = 1`), pooled.FaultSerialization)
		// The server rolled back all of it, not only the statement.
		testdb.MustExec(t, a, `commit`)
		var n int
		if err := a.QueryRowContext(ctx, `select count(*) from pooled_faults where id = 77`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of the failed transaction are there, %v", n, err)
		}
		testdb.MustExec(t, a, `set session innodb_snapshot_isolation = default`)
	})
	t.Run("read-only server", func(t *testing.T) {
		testdb.MustExec(t, b, `drop user if exists pooled_plain@'%'`)
		testdb.MustExec(t, b, `create user pooled_plain@'%' identified by 'plain'`)
		testdb.MustExec(t, b, `grant all on `+server.DBName+`.* to pooled_plain@'%'`)
		testdb.MustExec(t, b, `set global read_only = 1`)
		cfg := server.Clone()
		cfg.User, cfg.Passwd = "pooled_plain", "plain"
		_, err := testdb.OpenBase(t, baseDriver{}, cfg.FormatDSN()).Exec(`update pooled_faults set v = 1`)
		testdb.MustExec(t, b, `set global read_only = 0`)
		testdb.MustExec(t, b, `drop user pooled_plain@'%'`)
		wantFault(t, err, pooled.FaultReadOnly)
	})
	t.Run("too many statements", func(t *testing.T) {
		testdb.MustExec(t, b, `set global max_prepared_stmt_count = 0`)
		_, err := a.PrepareContext(ctx, `select 1`)
		testdb.MustExec(t, b, `set global max_prepared_stmt_count = default`)
		wantFault(t, err, pooled.FaultTooManyStatements)
	})
	t.Run("our context ends", func(t *testing.T) {
		c := testdb.Session(t, db)
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err := c.ExecContext(ctx, `select sleep(1)`)
		wantFault(t, err, pooled.FaultCancelled)
	})
	t.Run("session ended", func(t *testing.T) {
		for _, idle := range []bool{true, false} {
			c := testdb.Session(t, db)
			var id int
			if err := c.QueryRowContext(ctx, `select connection_id()`).Scan(&id); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error)
			if idle {
				testdb.MustExec(t, b, `kill ?`, id)
				time.Sleep(20 * time.Millisecond)
				go func() { ended <- exec(c, `select 1`) }()
			} else {
				go func() { ended <- exec(c, `select sleep(5)`) }()
				time.Sleep(50 * time.Millisecond)
				testdb.MustExec(t, b, `kill ?`, id)
			}
			err := <-ended
			var me *mysql.MySQLError
			if errors.As(err, &me) {
				wantFault(t, err, pooled.FaultServerDown)
			} else {
				wantFault(t, err, pooled.FaultLinkLost)
			}
			wantFault(t, exec(c, `select 1`), pooled.FaultLinkLost)
		}
	})
}

func TestServerTooManyConnections(t *testing.T) {
	cfg := serverConfig(t)
	db := testdb.OpenBase(t, baseDriver{}, cfg.FormatDSN())
	testdb.MustExec(t, db, `drop user if exists pooled_few@'%'`)
	testdb.MustExec(t, db, `create user pooled_few@'%' identified by 'few' with max_user_connections 1`)
	t.Cleanup(func() { db.Exec(`drop user pooled_few@'%'`) })
	testdb.MustExec(t, db, `grant all on *.* to pooled_few@'%'`)
	cfg.User, cfg.Passwd = "pooled_few", "few"
	few := testdb.OpenBase(t, baseDriver{}, cfg.FormatDSN())
	testdb.Session(t, few)
	_, err := few.Conn(t.Context())
	wantFault(t, err, pooled.FaultTooManyConns)
	few.Close()
}

func TestServerState(t *testing.T) {
	c := testdb.Session(t, testdb.OpenBase(t, baseDriver{}, serverConfig(t).FormatDSN()))
	if err := c.Raw(func(dc any) error {
		conn := dc.(driver.Conn) // there is no pool here
		if got := (Dialect{}).State(conn); got != pooled.ConnUnknown {
			t.Errorf("state %d while open", got)
		}
		conn.Close()
		if got := (Dialect{}).State(conn); got != pooled.ConnBusy {
			t.Errorf("state %d after Close", got)
		}
		if err := (Dialect{}).Reset(t.Context(), conn); err != driver.ErrSkip {
			t.Errorf("reset: %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
