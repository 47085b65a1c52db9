package pgx

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

var _ pooled.BatchDialect = Dialect{}

// SendBatch sends calls through pgx's pipeline, which PostgreSQL runs as one
// transaction up to each Sync message. Texts that the connection does not know
// are described first, in one round trip more, because the form of arguments
// and results follows from their types. With pgx's default_query_exec_mode they
// stay prepared, as pgx's own; with cache_describe, describe_exec and exec,
// which are for poolers in between, nothing is prepared by name.
//
// It does not go through pgx.Batch, whose results have not the form that
// database/sql knows: that is text for all but a few types.
func (Dialect) SendBatch(ctx context.Context, conn driver.Conn, calls []pooled.BatchCall, independent bool,
	answer func(i int, a pooled.BatchAnswer) error) error {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return driver.ErrSkip
	}
	mode := c.Conn().Config().DefaultQueryExecMode
	if mode == pgx.QueryExecModeSimpleProtocol {
		return driver.ErrSkip
	}
	if c.Conn().IsClosed() {
		return driver.ErrBadConn
	}
	p := &pipeline{ctx: ctx, conn: c.Conn(), mode: mode, cache: batchCacheOf(c.Conn()), calls: calls, independent: independent, answer: answer}
	err := p.run()
	p.cache.shrink()
	return err
}

// pipeline is one batch on its way.
type pipeline struct {
	ctx         context.Context
	conn        *pgx.Conn
	mode        pgx.QueryExecMode
	cache       *batchCache
	calls       []pooled.BatchCall
	independent bool
	answer      func(int, pooled.BatchAnswer) error

	texts   []string
	args    [][]any
	known   []*described  // nil: none is asked for, or it was refused
	refused map[int]error // what describing or encoding a call of an independent batch led to
	line    *pgconn.Pipeline
	rows    batchRows // of the call whose answer is being read
}

func (p *pipeline) run() error {
	if err := p.rewrite(); err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := p.once()
		// A statement that the server has forgotten, or that the schema has
		// left behind, did not run, nor did anything else of its transaction.
		if err == nil || try > 0 || p.independent || p.conn.PgConn().TxStatus() != 'I' || p.conn.IsClosed() ||
			(Dialect{}).Fault(err) != pooled.FaultStaleStatement {
			var failed callError
			if errors.As(err, &failed) {
				_ = p.answer(failed.i, pooled.BatchAnswer{Err: failed.err})
				return failed.err
			}
			return err
		}
	}
}

// callError is an error of one call.
type callError struct {
	i   int
	err error
}

func (e callError) Error() string { return e.err.Error() }
func (e callError) Unwrap() error { return e.err }

// rewrite gives the arguments the form that pgx takes, and lets a QueryRewriter
// (pgx.NamedArgs) do its work.
func (p *pipeline) rewrite() error {
	total := 0
	for i := range p.calls {
		total += len(p.calls[i].Args)
	}
	all := make([]any, 0, total)
	p.texts, p.args = make([]string, len(p.calls)), make([][]any, len(p.calls))
	for i := range p.calls {
		call, from := &p.calls[i], len(all)
		for _, arg := range call.Args {
			all = append(all, arg.Value)
		}
		p.texts[i], p.args[i] = call.Query, all[from:len(all):len(all)]
		if len(call.Args) == 0 {
			continue
		}
		if r, ok := call.Args[0].Value.(pgx.QueryRewriter); ok {
			var err error
			if p.texts[i], p.args[i], err = r.RewriteQuery(p.ctx, p.conn, call.Query, p.args[i][1:]); err != nil {
				_ = p.answer(i, pooled.BatchAnswer{Err: err})
				return fmt.Errorf("rewrite query failed: %w", err)
			}
		}
	}
	return nil
}

// once describes what is not known and runs the calls.
func (p *pipeline) once() (err error) {
	p.line = p.conn.PgConn().StartPipeline(p.ctx)
	defer func() {
		closing := p.line.Close()
		if err == nil {
			err = closing
		}
		if err != nil || len(p.refused) > 0 {
			p.cache.forget(p.texts) // as pgx does: the schema may have changed
		}
	}()
	p.refused, p.known = map[int]error{}, make([]*described, len(p.calls))
	p.rows = batchRows{types: p.conn.TypeMap(), known: map[valueKind]valueFunc{}}
	if p.mode != pgx.QueryExecModeExec {
		if err := p.describe(); err != nil {
			return err
		}
	}
	if err := p.send(); err != nil {
		return err
	}
	return p.receive()
}

// describe fills in what the server says of each text, from memory where it
// can.
func (p *pipeline) describe() error {
	p.cache.named = p.mode == pgx.QueryExecModeCacheStatement
	if p.mode == pgx.QueryExecModeDescribeExec {
		p.cache.clear()
	}
	closed := p.cache.takeDropped()
	type question struct {
		i int // the first call with the text
		d *described
	}
	var asked []question
	asking := make(map[string]*described)
	for i, text := range p.texts {
		if p.known[i] = p.cache.get(text); p.known[i] != nil {
			continue
		}
		d := asking[text]
		if d == nil {
			d = &described{sd: &pgconn.StatementDescription{Name: p.cache.name(), SQL: text}}
			asking[text] = d
			asked = append(asked, question{i, d})
		}
		p.known[i] = d
	}
	if len(asked) == 0 && len(closed) == 0 {
		return nil
	}
	for _, name := range closed {
		p.line.SendDeallocate(name)
	}
	for _, q := range asked {
		p.line.SendPrepare(q.d.sd.Name, q.d.sd.SQL, nil)
		if p.independent {
			p.line.SendPipelineSync()
		}
	}
	if !p.independent || len(asked) == 0 {
		p.line.SendPipelineSync()
	}
	if err := p.line.Flush(); err != nil {
		return p.lost(err)
	}
	for range closed {
		if _, err := p.line.GetResults(); err != nil {
			return p.lost(err)
		}
	}
	for _, q := range asked {
		got, err := p.line.GetResults()
		if sd, ok := got.(*pgconn.StatementDescription); ok && err == nil {
			q.d.sd.ParamOIDs, q.d.sd.Fields = sd.ParamOIDs, sd.Fields
			q.d.results = resultFormats(sd.Fields)
			p.cache.put(q.d)
		} else if !isServerError(err) {
			return p.lost(err)
		} else if !p.independent {
			return callError{q.i, err}
		} else {
			for i, text := range p.texts {
				if text == q.d.sd.SQL {
					p.refused[i] = err
				}
			}
		}
		if p.independent {
			if _, err := p.line.GetResults(); err != nil {
				return p.lost(err)
			}
		}
	}
	if !p.independent || len(asked) == 0 {
		if _, err := p.line.GetResults(); err != nil {
			return p.lost(err)
		}
	}
	return nil
}

// lost marks a connection that has not survived describing: nothing has run.
func (p *pipeline) lost(err error) error {
	if p.conn.IsClosed() {
		p.conn.PgConn().CustomData()[diedPreparing] = true
	}
	return err
}

func isServerError(err error) bool {
	_, ok := errors.AsType[*pgconn.PgError](err)
	return ok
}

// encoded is a call as it is sent.
type encoded struct {
	values  [][]byte
	formats []int16
}

// encode encodes the arguments of all calls before anything is sent: an
// argument that does not fit must cost neither the connection nor a
// transaction.
func (p *pipeline) encode() ([]encoded, error) {
	total := 0
	for _, args := range p.args {
		total += len(args)
	}
	var b pgx.ExtendedQueryBuilder
	out := make([]encoded, len(p.texts))
	values, formats, arena := make([][]byte, 0, total), make([]int16, 0, total), make([]byte, 0, 16*total)
	for i := range p.texts {
		if p.refused[i] != nil {
			continue
		}
		var sd *pgconn.StatementDescription
		if d := p.known[i]; d != nil {
			sd = d.sd
		}
		if sd != nil && len(sd.ParamOIDs) != len(p.args[i]) {
			if err := p.refuse(i, fmt.Errorf("expected %d arguments, got %d", len(sd.ParamOIDs), len(p.args[i]))); err != nil {
				return nil, err // in pgx's words for a single statement
			}
			continue
		}
		if err := b.Build(p.conn.TypeMap(), sd, p.args[i]); err != nil {
			if err := p.refuse(i, err); err != nil {
				return nil, err
			}
			continue
		}
		from := len(values)
		for _, v := range b.ParamValues {
			if v == nil {
				values = append(values, nil)
				continue
			}
			at := len(arena)
			arena = append(arena, v...)
			values = append(values, arena[at:len(arena):len(arena)])
		}
		formats = append(formats, b.ParamFormats...)
		out[i] = encoded{values[from:len(values):len(values)], formats[from:len(values):len(values)]}
	}
	return out, nil
}

// refuse notes that call i cannot be sent. In a batch that is one transaction
// that ends it.
func (p *pipeline) refuse(i int, err error) error {
	if !p.independent {
		return callError{i, err}
	}
	p.refused[i] = err
	return nil
}

// The first calls are written as soon as there are a few, so that the server
// works while the others are put into form, which takes a tenth off the time
// of 100 small ones on loopback. It stays ahead with few writes more, each of
// 4 times as many calls as the one before.
const (
	flushFirst  = 16
	flushGrowth = 4
)

// send sends every call.
func (p *pipeline) send() error {
	calls, err := p.encode()
	if err != nil {
		return err
	}
	sent, waiting, next := false, 0, flushFirst
	for i, text := range p.texts {
		if p.refused[i] != nil {
			continue
		}
		if waiting == next {
			if err := p.line.Flush(); err != nil {
				return err
			}
			waiting, next = 0, next*flushGrowth
		}
		sent = true
		waiting++
		switch d, c := p.known[i], calls[i]; {
		case d == nil:
			p.line.SendQueryParams(text, c.values, nil, c.formats, nil)
		case d.sd.Name == "":
			p.line.SendQueryParams(text, c.values, d.sd.ParamOIDs, c.formats, d.results)
		default:
			p.line.SendQueryStatement(d.sd, c.values, c.formats, d.results)
		}
		if p.independent {
			p.line.SendPipelineSync()
		}
	}
	if !sent {
		return nil
	}
	if !p.independent {
		p.line.SendPipelineSync()
	}
	return p.line.Flush()
}

// receive reads the answers.
func (p *pipeline) receive() error {
	for i := range p.texts {
		if err := p.refused[i]; err != nil {
			if err := p.answer(i, pooled.BatchAnswer{Err: err}); err != nil {
				return err
			}
			continue
		}
		err := p.result(i)
		if err != nil {
			if stopped, ok := err.(answerError); ok {
				return stopped.error
			}
			if !isServerError(err) || p.conn.IsClosed() {
				return err
			}
			if !p.independent {
				return callError{i, err}
			}
			if err := p.answer(i, pooled.BatchAnswer{Err: err}); err != nil {
				return err
			}
		}
		if p.independent {
			if _, again := p.line.GetResults(); again != nil {
				if err != nil || !isServerError(again) || p.conn.IsClosed() {
					return again
				}
				// The statement succeeded and its COMMIT did not.
				if err := p.answer(i, pooled.BatchAnswer{Err: again}); err != nil {
					return err
				}
				if _, err := p.line.GetResults(); err != nil {
					return err
				}
			}
		}
	}
	if p.independent {
		return nil
	}
	_, err := p.line.GetResults() // the COMMIT, outside a transaction
	return err
}

// answerError is an error of the function that takes the answers.
type answerError struct{ error }

// result reads the answer to call i and hands it on.
func (p *pipeline) result(i int) error {
	got, err := p.line.GetResults()
	if err != nil {
		return err
	}
	r, ok := got.(*pgconn.ResultReader)
	if !ok {
		return fmt.Errorf("pgx: a %T came in place of a result", got)
	}
	if !p.calls[i].Rows {
		tag, err := r.Close()
		if err != nil {
			return err
		}
		return answered(p.answer(i, pooled.BatchAnswer{RowsAffected: tag.RowsAffected()}))
	}
	p.rows.begin(r)
	err = p.answer(i, pooled.BatchAnswer{Rows: &p.rows})
	if _, closing := r.Close(); closing != nil {
		return closing
	}
	return answered(err)
}

func answered(err error) error {
	if err == nil {
		return nil
	}
	return answerError{err}
}
