package pooled

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestArgumentsReachEveryBaseAsDatabaseSQLWouldHandThem(t *testing.T) {
	type money int64
	for _, shape := range fakedriver.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			r := newRig(t, shape)
			bare := sql.OpenDB(r.srv.Connector())
			defer bare.Close()
			for _, tt := range []struct {
				name string
				args []any
			}{
				{"values that need converting", []any{int32(7), money(8), []byte("x"), nil, true}},
				{"a named argument", []any{sql.Named("a", 1)}},
				{"a type that nobody takes", []any{struct{ a chan int }{}}},
				{"too many", []any{1, 2, 3}},
				{"too few", nil},
				{"a pointer", []any{new(int)}},
				{"one that the base removes", []any{1, fakedriver.Removed{}, 2}},
				{"ones that its checkers pass on", []any{fakedriver.Skipped(4), fakedriver.Celsius(5)}},
				{"one that a checker refuses", []any{1, fakedriver.Refused{Err: errors.New("no")}}},
			} {
				for _, query := range []string{"ECHO ?, ?", write} {
					query = shape.SQL(query)
					seen := map[*sql.DB]string{}
					for _, db := range []*sql.DB{bare, r.db} {
						r.srv.Calls()
						_, err := db.ExecContext(context.Background(), query, tt.args...)
						for _, c := range r.srv.Calls() {
							if c.Op == fakedriver.Exec || c.Op == fakedriver.StmtExec || c.Op == fakedriver.Prepare {
								seen[db] += c.String() + "; "
							}
						}
						if err != nil {
							seen[db] += err.Error()
						}
						for _, key := range []any{1, 4, 7, "column 0 converted 4"} {
							bare.Exec("DELETE FROM t WHERE k = ?", key)
						}
					}
					if seen[bare] != seen[r.db] {
						t.Errorf("%s, %s:\nbare   %s\npooled %s", tt.name, query, seen[bare], seen[r.db])
					}
				}
			}
		})
	}
}

func TestCheckingArgumentsTakesNoLinkAndChangesNothing(t *testing.T) {
	r := newRig(t, fakedriver.MSSQL)
	h := r.handle()
	nv := named(1, struct{ odd int }{1})
	if err := h.CheckNamedValue(&nv); err != nil || nv.Value != (struct{ odd int }{1}) {
		t.Errorf("CheckNamedValue: %v, %v", nv.Value, err)
	}
	s := stmt{h: h}
	if n := s.NumInput(); n != -1 {
		t.Errorf("NumInput is %d, want -1", n)
	}
	if n := r.srv.Counts().Conns.Made; n != 0 {
		t.Errorf("%d dials", n)
	}
}

func TestABaseWithoutExecOrQueryIsReachedOverAStatement(t *testing.T) {
	r := newRig(t, fakedriver.MSSQL)
	r.must(r.read(r.db))
	r.must(r.write(r.db, 1))
	r.saw("1 connect",
		"1 prepare "+read, "1 stmt.query "+read, "1 stmt.close "+read,
		"1 prepare "+write, "1 stmt.exec "+write, "1 stmt.close "+write)
}

func TestAnArgumentThatTheBaseRefusesKeepsTheLink(t *testing.T) {
	r := newRig(t, fakedriver.SQLite)
	bad := errors.New("no value")
	_, err := r.db.Exec(write, 1, valuer{bad})
	r.is(err, bad)
	r.counts(0, 1, 0, 0, 0)
	r.saw("1 connect")
}
