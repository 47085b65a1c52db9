package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// targetParam is libpq's word for the same wish. It is taken out of the DSN:
// go-sql-driver would send it to the server as a system variable.
const targetParam = "target_session_attrs"

// splitHosts returns the DSN once for each host of its address, in order, so
// that go-sql-driver itself reads each, with the port and the name to verify
// that belong to it. It looks for the address as go-sql-driver does. On other
// networks than TCP a comma is the address's own.
func splitHosts(dsn string) ([]string, error) {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return []string{dsn}, nil
	}
	at := strings.LastIndexByte(dsn[:slash], '@') + 1
	network, list, ok := strings.Cut(dsn[at:slash], "(")
	if !ok || !strings.HasSuffix(list, ")") || !strings.Contains(list, ",") {
		return []string{dsn}, nil
	}
	switch network {
	case "", "tcp", "tcp4", "tcp6":
	default:
		return []string{dsn}, nil
	}
	var dsns []string
	for host := range strings.SplitSeq(list[:len(list)-1], ",") {
		if host = strings.TrimSpace(host); host == "" {
			return nil, errEmptyPlace
		}
		dsns = append(dsns, dsn[:at]+network+"("+host+")"+dsn[slash:])
	}
	return dsns, nil
}

var errEmptyPlace = errors.New("mysql: the list of hosts has an empty place")

// takeTarget takes the wish for a primary out of cfg. One of several hosts is
// a primary unless the DSN says that any will do.
func takeTarget(cfg *mysql.Config, several bool) (primary bool, err error) {
	target, ok := cfg.Params[targetParam]
	delete(cfg.Params, targetParam)
	switch {
	case !ok:
		return several, nil
	case target == "primary", target == "read-write":
		return true, nil
	case target == "any":
		return false, nil
	}
	return false, errors.New("mysql: " + targetParam + " can be primary, read-write (the same here) or any")
}

// hosts dials the first of several servers that takes the connection and, if a
// primary is wanted, writes. It begins with the one that did so last.
type hosts struct {
	list    []host
	primary bool
	last    *atomic.Int32
}

type host struct {
	addr string
	connector
}

// Connect gives each host its share of the time that is left, so that one
// that says nothing does not use up all of it.
func (h hosts) Connect(ctx context.Context) (driver.Conn, error) {
	failed := &hostsError{}
	n := len(h.list)
	begin := int(h.last.Load())
	for i := range n {
		at := (begin + i) % n
		conn, err := h.try(ctx, h.list[at], n-i)
		if err == nil {
			h.last.Store(int32(at))
			return conn, nil
		}
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil, err
		}
		failed.addrs = append(failed.addrs, h.list[at].addr)
		failed.errs = append(failed.errs, err)
	}
	return nil, failed
}

func (h hosts) try(ctx context.Context, one host, left int) (driver.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	conn, err := one.Connect(ctx)
	if err != nil || !h.primary {
		return conn, err
	}
	if err = takesWrites(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Prepares is the same for all hosts.
func (h hosts) Prepares() pooled.Prepares { return h.list[0].Prepares() }

// WantsReadOnly is the same for all hosts.
func (h hosts) WantsReadOnly() bool { return h.list[0].WantsReadOnly() }

// Driver returns the driver that opened the connector.
func (hosts) Driver() driver.Driver { return baseDriver{} }

// errTakesNoWrites is why a server that answers is not taken.
var errTakesNoWrites = errors.New("the server takes no writes (read_only), and a primary is wanted")

// takesWrites asks a server whether it does. An account that may write all the
// same is no reason to take a replica for a primary. Aurora's readers say so
// in innodb_read_only alone. A server that does not know the variables is
// believed.
func takesWrites(ctx context.Context, conn driver.Conn) error {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "SELECT @@global.read_only, @@global.innodb_read_only", nil)
	if err != nil {
		if refused := (*mysql.MySQLError)(nil); errors.As(err, &refused) && refused.Number == 1193 { // ER_UNKNOWN_SYSTEM_VARIABLE
			return nil
		}
		return err
	}
	defer rows.Close()
	values := make([]driver.Value, 2)
	if err := rows.Next(values); err != nil {
		return err
	}
	for _, v := range values {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		switch strings.ToUpper(fmt.Sprint(v)) {
		case "0", "OFF": // MariaDB 12 answers in words
		default:
			return errTakesNoWrites
		}
	}
	if err := rows.Next(values); err != io.EOF {
		return err
	}
	return nil
}

// hostsError says of each host why it was not taken.
type hostsError struct {
	addrs []string
	errs  []error
}

func (e *hostsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mysql: no server of %d can be used", len(e.errs))
	for i, err := range e.errs {
		fmt.Fprintf(&b, "; %s: %v", e.addrs[i], err)
	}
	return b.String()
}

// Unwrap returns the errors of all hosts.
func (e *hostsError) Unwrap() []error { return e.errs }
