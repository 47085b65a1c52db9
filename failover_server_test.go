package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
)

// pair is a server with another that follows it by replication and takes no
// writes as yet.
type pair struct {
	primary  *realServer
	standby  *testdb.Server
	database string
	demote   func(t *testing.T) // the primary takes no writes any more, and lives on
	promote  func() error       // the standby takes them from now on
}

func newPair(t *testing.T) *pair {
	primary := realPostgres(t, testdb.Postgres(t))
	p := &pair{primary: primary, standby: primary.Standby(t), database: primary.database}
	p.demote = func(t *testing.T) {
		do(t, primary.admin(t), "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	}
	p.promote = p.standby.Promote
	p.ready(t, "SELECT count(*) FROM pg_class WHERE relname = 'written'")
	return p
}

// newMariaDBPair replicates as MariaDB does, by its binary log.
func newMariaDBPair(t *testing.T) *pair {
	server := func(id string) *testdb.Server {
		return testdb.MySQL(t, testdb.Setting("log_basename", "server"), testdb.Setting("log_bin", "ON"), testdb.Setting("server_id", id))
	}
	primary := realMariaDB(t, server("1"))
	p := &pair{primary: primary, standby: server("2"), database: primary.database}
	admin, err := gomysql.ParseDSN(primary.AdminDSN(""))
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(primary.Addr())
	if _, err := p.standby.Query("", fmt.Sprintf("SET GLOBAL read_only = 1;"+
		"CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%s, MASTER_USER='%s', MASTER_PASSWORD='%s', MASTER_USE_GTID=slave_pos;"+
		"START SLAVE", host, port, admin.User, admin.Passwd)); err != nil {
		t.Fatal(err)
	}
	p.demote = func(t *testing.T) { do(t, primary.admin(t), "SET GLOBAL read_only = 1") }
	p.promote = func() error {
		_, err := p.standby.Query("", "STOP SLAVE; SET GLOBAL read_only = 0")
		return err
	}
	p.ready(t, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'written'")
	return p
}

// eachPair runs a test on both engines, with each way to write.
func eachPair(t *testing.T, test func(t *testing.T, p *pair, how writing) bool) {
	for _, how := range []writing{autocommit, inTransactions} {
		bestPair(t, "PostgreSQL, "+how.name, newPair, how, test)
		bestPair(t, "MariaDB, "+how.name, newMariaDBPair, how, test)
	}
}

// bestPair runs it until its bounds on time hold; all else must hold each time.
func bestPair(t *testing.T, name string, pair func(*testing.T) *pair, how writing, test func(t *testing.T, p *pair, how writing) bool) {
	t.Run(name, func(t *testing.T) {
		round := 0
		best(t, func() (ok bool) {
			round++
			t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
				ok = true // unless it ends here
				ok = test(t, pair(t), how)
			})
			return ok
		})
	})
}

// within is a bound in milliseconds, four times as long where others may keep
// the processors busy.
func within(ms float64) float64 {
	if strict() {
		return ms
	}
	return 4 * ms
}

// ready makes the table and waits until the standby has it.
func (p *pair) ready(t *testing.T, counts string) {
	t.Helper()
	setup, err := sql.Open(p.primary.driver, p.primary.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer setup.Close()
	do(t, setup, "CREATE TABLE written (n bigint)")
	eventually(t, "the standby has the table", func() bool {
		out, err := p.standby.Query(p.database, counts)
		return err == nil && strings.TrimSpace(out) == "1"
	})
}

// traffic is what 16 readers and 16 writers see, who go on whatever happens.
type traffic struct {
	stop         chan struct{}
	users        sync.WaitGroup
	reads        atomic.Int64
	writes       atomic.Int64
	readErrors   atomic.Int64
	lastReadErr  atomic.Pointer[error]
	lastWrite    atomic.Int64 // nanoseconds after start
	lastReadOnly atomic.Int64 // likewise, of the last error that says so
	other        sync.Map     // texts of other errors of writers
	firstAfter   atomic.Int64 // the first write that began after mark
	mark         atomic.Int64
	start        time.Time
}

// saysReadOnly tells whether a server refused a write because it takes none.
func saysReadOnly(err error) bool {
	var pe *pgconn.PgError
	var me *gomysql.MySQLError
	return errors.As(err, &pe) && pe.Code == "25006" || errors.As(err, &me) && (me.Number == 1290 || me.Number == 1836)
}

// writing is a way to write a row.
type writing struct {
	name  string
	write func(ctx context.Context, db *sql.DB) error
}

const writeRow = "INSERT INTO written VALUES (1)"

var autocommit = writing{"autocommit", func(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, writeRow)
	return err
}}

var inTransactions = writing{"in transactions", func(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, writeRow); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}}

func newTraffic(db *sql.DB, how writing) *traffic {
	tr := &traffic{stop: make(chan struct{}), start: time.Now()}
	tr.mark.Store(1 << 62)
	run := func(call func(ctx context.Context) error, note func(began, ended int64, err error)) {
		tr.users.Go(func() {
			for {
				select {
				case <-tr.stop:
					return
				default:
				}
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				began := tr.since()
				err := call(ctx)
				cancel()
				note(began, tr.since(), err)
				pace(2 * time.Millisecond)
			}
		})
	}
	for range 16 {
		run(func(ctx context.Context) error {
			return db.QueryRowContext(ctx, "SELECT count(*) FROM written").Scan(new(int))
		}, func(_, _ int64, err error) {
			tr.reads.Add(1)
			if err != nil {
				tr.readErrors.Add(1)
				tr.lastReadErr.Store(&err)
			}
		})
		run(func(ctx context.Context) error {
			return how.write(ctx, db)
		}, func(began, ended int64, err error) {
			switch {
			case err == nil:
				tr.writes.Add(1)
				tr.lastWrite.Store(ended)
				if began >= tr.mark.Load() {
					tr.firstAfter.CompareAndSwap(0, ended)
				}
			case saysReadOnly(err):
				tr.lastReadOnly.Store(ended)
			default:
				tr.other.Store(err.Error(), true)
			}
		})
	}
	return tr
}

func (tr *traffic) since() int64 { return int64(time.Since(tr.start)) }

func (tr *traffic) end() {
	close(tr.stop)
	tr.users.Wait()
}

// TestDemotionLeavesNoWriterBehind: the name moves to a new primary while the
// old server lives on and takes no writes. Nothing breaks by itself, so a pool
// that does not look at the errors keeps writing to the old server for ever.
func TestDemotionLeavesNoWriterBehind(t *testing.T) {
	eachPair(t, func(t *testing.T, pr *pair, how writing) bool {
		proxy := pr.primary.behindProxy(t)
		return demotion(t, pr, how, "name", func() { proxy.SetUpstream(pr.standby.Addr()) })
	})
}

// TestMySQLFindsThePrimaryAmongSeveralHosts: a list of hosts, over a demotion in
// which no name moves.
func TestMySQLFindsThePrimaryAmongSeveralHosts(t *testing.T) {
	for _, how := range []writing{autocommit, inTransactions} {
		bestPair(t, how.name, newMariaDBPair, how, func(t *testing.T, pr *pair, how writing) bool {
			pr.primary.dsn = strings.Replace(pr.primary.dsn, pr.primary.Addr(), pr.primary.Addr()+","+pr.standby.Addr(), 1)
			return demotion(t, pr, how, "several hosts", func() {})
		})
	}
}

// demotion moves the writes of a pool from a server that lives on to its
// standby, to which move leads. It returns whether that was fast enough.
func demotion(t *testing.T, pr *pair, how writing, by string, move func()) bool {
	failovers := make(chan pooled.FailoverInfo, 100)
	db, p := pr.primary.open(t, limits(4, 16), quiet, func(c *pooled.Config) {
		c.Hooks.OnFailover = func(i pooled.FailoverInfo) { failovers <- i }
	})
	admin := pr.primary.admin(t)
	tr := newTraffic(db, how)
	eventually(t, "writes go through", func() bool { return tr.writes.Load() > 100 })

	pr.demote(t)
	if err := pr.promote(); err != nil {
		t.Fatal(err)
	}
	move()
	moved := tr.since()
	tr.mark.Store(moved)
	eventually(t, "a write goes through", func() bool { return tr.firstAfter.Load() != 0 })
	eventually(t, "the old links are gone", func() bool { return ask[int](t, admin, pr.primary.sessions, pr.database) == 0 })
	gone := time.Duration(tr.since() - moved)
	more := tr.writes.Load() + 200
	eventually(t, "more writes go through", func() bool { return tr.writes.Load() > more })
	tr.end()

	name := fmt.Sprintf("%s, %s, %s: demotion: ", pr.primary.Kind(), by, how.name)
	ok := measured(t, name+"first write after the move, ms", float64(tr.firstAfter.Load()-moved)/1e6, "<=", within(250))
	ok = measured(t, name+"last read-only error after the move, ms", float64(max(tr.lastReadOnly.Load()-moved, 0))/1e6, "<=", within(250)) && ok
	ok = measured(t, name+"the old links gone after, ms", float64(gone.Milliseconds()), "<=", within(250)) && ok
	noneFailed := measured(t, fmt.Sprintf("%sfailed reads of %d", name, tr.reads.Load()), float64(tr.readErrors.Load()), "<=", 0)
	t.Logf("%d failovers, %d retries (%d refused), %d links closed for failover", len(failovers), p.Stats().Retries, p.Stats().RetriesRefused, p.Stats().ClosedFailover)
	tr.other.Range(func(text, _ any) bool { t.Log("writers also saw: ", text); return true })
	if err := tr.lastReadErr.Load(); err != nil {
		t.Error("a read failed: ", *err)
	}
	if !noneFailed || len(failovers) == 0 {
		t.Errorf("%d reads failed, %d failovers", tr.readErrors.Load(), len(failovers))
	}
	return ok
}

// TestPromotionIsSeenByNobodyWhoReads: the primary dies, the standby takes its
// place and its name.
func TestPromotionIsSeenByNobodyWhoReads(t *testing.T) {
	bestPair(t, "PostgreSQL", newPair, autocommit, promotionBehindAName)
}

func promotionBehindAName(t *testing.T, pr *pair, how writing) bool {
	proxy := pr.primary.behindProxy(t)
	db, p := pr.primary.open(t, limits(4, 16), quiet)
	tr := newTraffic(db, how)
	eventually(t, "writes go through", func() bool { return tr.writes.Load() > 100 })

	if err := pr.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	proxy.SetUpstream(pr.standby.Addr()) // reads go on there at once
	if err := pr.standby.Promote(); err != nil {
		t.Fatal(err)
	}
	promoted := tr.since()
	tr.mark.Store(promoted)
	eventually(t, "a write goes through", func() bool { return tr.firstAfter.Load() != 0 })
	more := tr.writes.Load() + 200
	eventually(t, "more writes go through", func() bool { return tr.writes.Load() > more })
	tr.end()
	t.Logf("%d failovers, %d retries (%d refused)", p.Stats().Failovers, p.Stats().Retries, p.Stats().RetriesRefused)
	return checkPromotion(t, tr, promoted, "promotion behind a name")
}

// checkPromotion returns whether it was fast enough.
func checkPromotion(t *testing.T, tr *traffic, promoted int64, name string) bool {
	t.Helper()
	measured(t, fmt.Sprintf("%s: failed reads of %d", name, tr.reads.Load()), float64(tr.readErrors.Load()), "<=", 0)
	ok := measured(t, name+": first write after the promotion, ms", float64(tr.firstAfter.Load()-promoted)/1e6, "<=", within(100))
	ok = measured(t, name+": last read-only error after the promotion, ms", float64(max(tr.lastReadOnly.Load()-promoted, 0))/1e6, "<=", within(250)) && ok
	tr.other.Range(func(text, _ any) bool { t.Log("writers also saw: ", text); return true })
	if err := tr.lastReadErr.Load(); err != nil {
		t.Error("a read failed: ", *err)
	}
	return ok
}

// TestPgxFindsThePrimaryAmongSeveralHosts: target_session_attrs=read-write over
// a failover in which no name moves.
func TestPgxFindsThePrimaryAmongSeveralHosts(t *testing.T) {
	bestPair(t, "PostgreSQL", newPair, autocommit, promotionAmongHosts)
}

func promotionAmongHosts(t *testing.T, pr *pair, how writing) bool {
	one, two := faultproxy.New(t, pr.primary.Addr()), faultproxy.New(t, pr.standby.Addr())
	dsn := strings.Replace(pr.primary.DSNVia(one.Addr(), pr.database), one.Addr(), one.Addr()+","+two.Addr(), 1)
	db, p := openDSN(t, "pooled-pgx", dsn+"&target_session_attrs=read-write", limits(4, 16), quiet)
	tr := newTraffic(db, how)
	eventually(t, "writes go through", func() bool { return tr.writes.Load() > 100 })
	if err := pr.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := pr.standby.Promote(); err != nil {
		t.Fatal(err)
	}
	promoted := tr.since()
	tr.mark.Store(promoted)
	eventually(t, "a write goes through", func() bool { return tr.firstAfter.Load() != 0 })
	tr.end()
	t.Logf("%d retries (%d refused)", p.Stats().Retries, p.Stats().RetriesRefused)
	return checkPromotion(t, tr, promoted, "promotion, several hosts")
}

// TestReadOnlyByTheProgramsOwnWishEvictsNothing: the same errors as of a
// server that was demoted, where the program itself asked for them.
func TestReadOnlyByTheProgramsOwnWishEvictsNothing(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 5), quiet)
		do(t, db, "CREATE TABLE IF NOT EXISTS ro (n int)")
		ctx := context.Background()
		insert := func(x asker) {
			t.Helper()
			if _, err := x.ExecContext(ctx, "INSERT INTO ro VALUES (1)"); err == nil {
				t.Error("a write went through")
			}
		}
		tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		insert(tx)
		tx.Rollback()
		if s.driver == "pgx" {
			if tx, err = db.BeginTx(ctx, nil); err != nil {
				t.Fatal(err)
			}
			do(t, tx, "SET TRANSACTION READ ONLY")
			insert(tx)
			tx.Rollback()
		}

		session, begin := "SET default_transaction_read_only = on", []string{"BEGIN READ ONLY", "START TRANSACTION READ ONLY"}
		if s.driver == "mysql" {
			session, begin = "SET SESSION TRANSACTION READ ONLY", begin[1:]
		}
		for _, b := range begin {
			conn(t, db, func(c *sql.Conn) {
				do(t, c, b)
				insert(c)
				do(t, c, "ROLLBACK")
			})
		}
		conn(t, db, func(c *sql.Conn) {
			do(t, c, session)
			insert(c)
		})
		for range 5 { // whoever gets that session next
			_, _ = db.ExecContext(ctx, "INSERT INTO ro VALUES (1)")
		}
		if st := p.Stats(); st.Failovers != 0 || st.ClosedFailover != 0 || st.ClosedBroken != 0 {
			t.Errorf("%d failovers, %d links hung up for it, %d as broken", st.Failovers, st.ClosedFailover, st.ClosedBroken)
		}
	})
}

// A connection string that asks for sessions without writes is the program's own
// wish, too: what they refuse is an error at once.
func TestAReadOnlyConnectionStringIsNoReasonToLeaveTheServer(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		own := map[string]string{"pgx": "default_transaction_read_only=on", "mysql": "tx_read_only=1"}[s.driver]
		sep := "?"
		if strings.Contains(s.dsn, "?") {
			sep = "&"
		}
		writable, _ := s.open(t)
		do(t, writable, "CREATE TABLE IF NOT EXISTS ro (n int)")
		db, p := openDSN(t, "pooled-"+s.driver, s.dsn+sep+own, limits(0, 5), quiet)
		insert := func(x asker) error {
			_, err := x.ExecContext(t.Context(), "INSERT INTO ro VALUES (1)")
			if c := code(err); c != "25006" && c != 1792 {
				t.Errorf("the error is %v", err)
			}
			return err
		}
		insert(db)
		runs := 0
		_ = pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
			runs++
			return insert(tx)
		})
		_ = pooled.RunTx(t.Context(), writable, &sql.TxOptions{ReadOnly: true}, func(tx *sql.Tx) error {
			runs++
			return insert(tx)
		})
		if st := p.Stats(); runs != 2 || st.Failovers != 0 || st.Retries != 0 || st.Dial.Count() != 1 {
			t.Errorf("%d runs of 2 transactions, %d failovers, %d retries, %d dials", runs, st.Failovers, st.Retries, st.Dial.Count())
		}
	})
}

// conn lends a connection to f.
func conn(t *testing.T, db *sql.DB, f func(*sql.Conn)) {
	t.Helper()
	c, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f(c)
}
