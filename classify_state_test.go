package pooled

import (
	"strings"
	"testing"
)

var stateCases = []struct {
	flavor Flavor
	query  string
	state  SessionState
	tx     TxVerb
}{
	{Postgres, "SELECT 1", 0, TxNone},
	{Postgres, "SELECT my_function()", 0, TxNone},
	{Postgres, "INSERT INTO t VALUES (1)", 0, TxNone},
	{Postgres, "CREATE TABLE t (a int)", 0, TxNone},
	{Postgres, "CREATE TEMP TABLE t (a int)", StateTempTable, TxNone},
	{Postgres, "CREATE LOCAL TEMPORARY TABLE t (a int)", StateTempTable, TxNone},
	{Postgres, "CREATE OR REPLACE TEMP VIEW v AS SELECT 1", StateTempTable, TxNone},
	{Postgres, "CREATE TEMP SEQUENCE s", StateTempTable, TxNone},
	{Postgres, "CREATE TABLE pg_temp.t (a int)", StateTempTable, TxNone},
	{Postgres, "SELECT 1 INTO TEMP t", StateTempTable, TxNone},
	{Postgres, "CREATE TABLE t AS SELECT temp FROM u", 0, TxNone},
	{Postgres, "DROP TABLE t", 0, TxNone},
	{Postgres, "SET a = 1", StateSetting, TxNone},
	{Postgres, "SET SESSION a = 1", StateSetting, TxNone},
	{Postgres, "SET LOCAL a = 1", 0, TxSet},
	{Postgres, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", 0, TxSet},
	{Postgres, "SET CONSTRAINTS ALL DEFERRED", 0, TxSet},
	{Postgres, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", StateSetting, TxNone},
	{Postgres, "SET ROLE x", StateSetting, TxNone},
	{Postgres, "RESET a", StateSetting, TxNone},
	{Postgres, "DISCARD ALL", 0, TxNone},
	{Postgres, "SELECT set_config('a', 'b', false)", StateSetting, TxNone},
	{Postgres, "SELECT pg_catalog.set_config('a', 'b', $1)", StateSetting, TxNone},
	{Postgres, "SELECT set_config('a', lower('b'), true)", 0, TxNone},
	{Postgres, "SELECT set_config('a', 'b', true), set_config('a', 'b', false)", StateSetting, TxNone},
	{Postgres, "SELECT set_config('a', set_config('b', 'c', false), true)", StateSetting, TxNone},
	{Postgres, "INSERT INTO t SELECT pg_advisory_lock(1)", StateLock, TxNone},
	{Postgres, "SELECT pg_try_advisory_lock(1)", StateLock, TxNone},
	{Postgres, "SELECT pg_advisory_xact_lock(1)", 0, TxNone},
	{Postgres, "SELECT pg_advisory_unlock(1)", 0, TxNone},
	{Postgres, "LISTEN a", StateListen, TxNone},
	{Postgres, "UNLISTEN *", 0, TxNone},
	{Postgres, "PREPARE p AS SELECT 1", StatePrepared, TxNone},
	{Postgres, "DEALLOCATE p", 0, TxNone},
	{Postgres, "DECLARE c CURSOR WITH HOLD FOR SELECT 1", StateCursor, TxNone},
	{Postgres, "DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1", 0, TxNone},
	{Postgres, "LOCK t", 0, TxNone},
	{Postgres, "BEGIN", StateTx, TxBegin},
	{Postgres, "START TRANSACTION READ ONLY", StateTx, TxBegin},
	{Postgres, "COMMIT", 0, TxCommit},
	{Postgres, "COMMIT AND CHAIN", StateTx, TxCommit},
	{Postgres, "COMMIT AND NO CHAIN", 0, TxCommit},
	{Postgres, "END", 0, TxCommit},
	{Postgres, "ROLLBACK", 0, TxRollback},
	{Postgres, "ABORT", 0, TxRollback},
	{Postgres, "ROLLBACK TO SAVEPOINT a", 0, TxRollbackTo},
	{Postgres, "ROLLBACK TRANSACTION TO a", 0, TxRollbackTo},
	{Postgres, "SAVEPOINT a", 0, TxSavepoint},
	{Postgres, "RELEASE a", 0, TxRelease},
	{Postgres, "PREPARE TRANSACTION 'a'", 0, TxPrepare},
	{Postgres, "COMMIT PREPARED 'a'", 0, TxCommit},
	{Postgres, "BEGIN; INSERT INTO t VALUES (1); COMMIT", 0, TxBegin},
	{Postgres, "INSERT INTO t VALUES (1); BEGIN", StateTx, TxNone},
	{Postgres, "CALL p()", StateUnknown, TxNone},
	{Postgres, "DO $$ $$", StateUnknown, TxNone},
	{Postgres, "EXECUTE p", StateUnknown, TxNone},
	{Postgres, "NONSENSE", StateUnknown, TxNone},
	{Postgres, "SELECT 'unterminated", StateUnknown, TxNone},
	{Postgres, "", 0, TxNone},
	{Postgres, "-- ping", 0, TxNone},

	{MySQL, "USE a", StateDatabase, TxNone},
	{MySQL, "SET a = 1", StateSetting, TxNone},
	{MySQL, "SET NAMES utf8mb4", StateSetting, TxNone},
	{MySQL, "SET @a = 1", StateUserVar, TxNone},
	{MySQL, "SET @a := 1, b = 2", StateUserVar | StateSetting, TxNone},
	{MySQL, "SET @@session.a = 1", StateSetting, TxNone},
	{MySQL, "SET GLOBAL a = 1", 0, TxNone},
	{MySQL, "SET GLOBAL a = 1, b = 2", StateSetting, TxNone},
	{MySQL, "SET @@global.a = 1", 0, TxNone},
	{MySQL, "SET PERSIST a = 1", 0, TxNone},
	{MySQL, "SET autocommit = 0", StateSetting | StateTx, TxNone},
	{MySQL, "SET @@autocommit = OFF", StateSetting | StateTx, TxNone},
	{MySQL, "SET SESSION autocommit = 0", StateSetting | StateTx, TxNone},
	{MySQL, "SET autocommit = 1", StateSetting, TxNone},
	{MySQL, "SET TRANSACTION READ ONLY", StateSetting, TxSet}, // holds for a transaction that may be another borrower's
	{MySQL, "SET SESSION TRANSACTION READ ONLY", StateSetting, TxNone},
	{MySQL, "SET GLOBAL TRANSACTION READ ONLY", 0, TxNone},
	{MySQL, "SET PASSWORD = 'x'", 0, TxNone},
	{MySQL, "SELECT @a := 1", StateUserVar, TxNone},
	{MySQL, "SELECT 1 INTO @a", StateUserVar, TxNone},
	{MySQL, "SELECT 1, 2 INTO @a, @b", StateUserVar, TxNone},
	{MySQL, "SELECT @a", 0, TxNone},
	{MySQL, "UPDATE t SET x = (@a := x)", StateUserVar, TxNone},
	{MySQL, "SELECT GET_LOCK('a', 1)", StateLock, TxNone},
	{MySQL, "SELECT RELEASE_LOCK('a')", 0, TxNone},
	{MySQL, "LOCK TABLES t WRITE", StateLock, TxNone},
	{MySQL, "UNLOCK TABLES", 0, TxNone},
	{MySQL, "FLUSH TABLES WITH READ LOCK", StateLock, TxNone},
	{MySQL, "FLUSH TABLES t FOR EXPORT", StateLock, TxNone},
	{MySQL, "FLUSH LOGS", 0, TxNone},
	{MySQL, "CREATE TEMPORARY TABLE t (a int)", StateTempTable, TxNone},
	{MySQL, "DROP TEMPORARY TABLE t", 0, TxNone},
	{MySQL, "HANDLER t OPEN", StateCursor, TxNone},
	{MySQL, "PREPARE p FROM 'SELECT 1'", StatePrepared, TxNone},
	{MySQL, "DROP PREPARE p", 0, TxNone},
	{MySQL, "XA START 'a'", StateTx, TxBegin},
	{MySQL, "XA BEGIN 'a'", StateTx, TxBegin},
	{MySQL, "XA END 'a'", StateTx, TxPrepare},
	{MySQL, "XA PREPARE 'a'", 0, TxPrepare},
	{MySQL, "XA COMMIT 'a'", 0, TxCommit},
	{MySQL, "START TRANSACTION WITH CONSISTENT SNAPSHOT", StateTx, TxBegin},
	{MySQL, "START REPLICA", 0, TxNone},
	{MySQL, "/*!40101 SET NAMES utf8 */", StateSetting, TxNone},
	{MySQL, "EXECUTE IMMEDIATE 'x'", StateUnknown, TxNone},
	{MySQL, "CREATE PROCEDURE p() BEGIN SET @a = 1; SELECT 2; END", 0, TxNone},
	{MySQL, "CREATE PROCEDURE p() BEGIN IF a THEN SELECT CASE b WHEN 1 THEN 2 END; END IF; END; SET @a = 1", StateUserVar, TxNone},
}

func TestSessionState(t *testing.T) {
	for _, c := range stateCases {
		s := Classify(c.flavor, c.query)
		if s.State != c.state || s.Tx != c.tx {
			t.Errorf("%s %q: state %b tx %d, want %b %d", c.flavor, c.query, s.State, s.Tx, c.state, c.tx)
		}
	}
	for query, want := range map[string]bool{
		"BEGIN": false, "BEGIN READ ONLY": true, "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY": true,
		"BEGIN READ WRITE": false, "BEGIN TRANSACTION READ ONLY DEFERRABLE": true,
	} {
		if s := Classify(Postgres, query); s.TxReadOnly != want {
			t.Errorf("%q: TxReadOnly %v", query, s.TxReadOnly)
		}
	}
}

func TestStateAndTxVerbsAreSpelled(t *testing.T) {
	if got := (StateSetting | StateTempTable | StateUnknown).String(); got != "setting,temp table,unknown" {
		t.Errorf("got %q", got)
	}
	if got := (StateUnknown<<1 - 1).String(); len(strings.Split(got, ",")) != 11 {
		t.Errorf("got %q", got)
	}
	if got := SessionState(0).String(); got != "" {
		t.Errorf("got %q", got)
	}
	for v := TxBegin; v <= TxSet; v++ {
		if v.String() == "" {
			t.Errorf("verb %d has no name", v)
		}
	}
	if TxNone.String() != "" || TxVerb(200).String() != "" {
		t.Error("what is no verb has a name")
	}
}
