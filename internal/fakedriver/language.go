package fakedriver

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// placeholders counts the placeholders of a query in any of the styles.
func placeholders(query string) int {
	n, numbered := 0, 0
	for i := 0; i < len(query); i++ {
		switch query[i] {
		case '?':
			n++
		case ':':
			n++
		case '$', '@':
			digits := strings.TrimPrefix(query[i+1:], "p")
			end := 0
			for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
				end++
			}
			if k, err := strconv.Atoi(digits[:end]); err == nil {
				numbered = max(numbered, k)
			}
		}
	}
	return n + numbered
}

// verb returns the first word of a query in capitals.
func verb(query string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	return strings.ToUpper(word)
}

// changes returns the changes of the transaction under way, or nil.
func (c *core) changes() change {
	if c.tx == nil {
		return nil
	}
	return c.tx.changes
}

// enough refuses a statement with fewer arguments than it reads.
func enough(args []driver.NamedValue, n int) error {
	if len(args) < n {
		return &Error{Code: "08P01", Message: fmt.Sprintf("got %d parameters but the statement needs %d", len(args), n)}
	}
	return nil
}

// resolve follows the pointers among the arguments and asks the valuers for
// their values, for a driver that takes both unasked as pgx does.
func resolve(args []driver.NamedValue) error {
	for i, a := range args {
		rv := reflect.ValueOf(a.Value)
		if rv.Kind() == reflect.Pointer && rv.IsNil() {
			args[i].Value = nil
			continue
		}
		v, ok := a.Value.(driver.Valuer)
		if !ok {
			if rv.Kind() == reflect.Pointer && !rv.Type().Implements(reflect.TypeFor[error]()) {
				args[i].Value = rv.Elem().Interface()
			}
			continue
		}
		value, err := v.Value()
		if err != nil {
			return fmt.Errorf("failed to encode args[%d]: %w", i, err)
		}
		args[i].Value = value
	}
	return nil
}

func (c *core) runExec(query string, args []driver.NamedValue) (driver.Result, error) {
	if err := resolve(args); err != nil {
		return nil, err
	}
	if a, ok := c.srv.answer(query); ok {
		if a.Err != nil {
			return nil, a.Err
		}
		if a.Result != nil {
			return a.Result, nil
		}
		return result{last: 1, affected: 1}, nil
	}
	affected := int64(1)
	switch verb(query) {
	case "INSERT":
		if err := enough(args, 2); err != nil {
			return nil, err
		}
		if _, dup := c.srv.store.get(c.changes(), args[0].Value); dup {
			return nil, &Error{Code: "23505", Message: "duplicate key"}
		}
		c.srv.store.put(c.changes(), args[0].Value, &args[1].Value)
	case "UPDATE", "DELETE":
		n := 1
		if verb(query) == "UPDATE" {
			n = 2
		}
		if err := enough(args, n); err != nil {
			return nil, err
		}
		k := args[n-1].Value
		if _, ok := c.srv.store.get(c.changes(), k); !ok {
			affected = 0
		} else if n == 2 {
			c.srv.store.put(c.changes(), k, &args[0].Value)
		} else {
			c.srv.store.put(c.changes(), k, nil)
		}
	case "SET":
		if err := enough(args, 1); err != nil {
			return nil, err
		}
		if c.session == nil {
			c.session = map[string]driver.Value{}
		}
		c.session[strings.Fields(query)[1]] = args[0].Value
	}
	return result{last: affected, affected: affected}, nil
}

func (c *core) runQuery(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := resolve(args); err != nil {
		return nil, err
	}
	sets, err := c.selectSets(query, args)
	if err != nil {
		return nil, err
	}
	c.srv.count.rows.opened()
	c.rowsOpen++
	c.occupied(ctx)
	return c.srv.shape.newRows(&rowsCore{c: c, ctx: ctx, sets: sets}), nil
}

func (c *core) selectSets(query string, args []driver.NamedValue) ([]ResultSet, error) {
	if a, ok := c.srv.answer(query); ok {
		return a.Sets, a.Err
	}
	one := func(name string, vs ...driver.Value) []ResultSet {
		set := ResultSet{Columns: Plain(name)}
		for _, v := range vs {
			set.Rows = append(set.Rows, []driver.Value{v})
		}
		return []ResultSet{set}
	}
	switch verb(query) {
	case "SELECT":
		if strings.Contains(strings.ToUpper(query), "COUNT(*)") {
			return one("count", c.srv.store.count(c.changes())), nil
		}
		if err := enough(args, 1); err != nil {
			return nil, err
		}
		if v, ok := c.srv.store.get(c.changes(), args[0].Value); ok {
			return one("v", v), nil
		}
		return one("v"), nil
	case "ECHO":
		return []ResultSet{echo(args)}, nil
	case "SERIES":
		n, err := strconv.Atoi(strings.Fields(query)[1])
		set := ResultSet{Columns: Plain("n")}
		for i := range n {
			set.Rows = append(set.Rows, []driver.Value{int64(i + 1)})
		}
		return []ResultSet{set}, err
	case "SHOW":
		return one("value", c.session[strings.Fields(query)[1]]), nil
	case "CONNECTION":
		return one("id", int64(c.id)), nil
	}
	return one("n", int64(1)), nil
}

// echo is one row of the arguments with a column type for each.
func echo(args []driver.NamedValue) ResultSet {
	set := ResultSet{Rows: [][]driver.Value{make([]driver.Value, len(args))}}
	for i, a := range args {
		name := a.Name
		if name == "" {
			name = fmt.Sprintf("c%d", a.Ordinal)
		}
		set.Columns = append(set.Columns, Column{
			Name:         name,
			DatabaseType: strings.ToUpper(fmt.Sprintf("%T", a.Value)),
			ScanType:     reflect.TypeOf(a.Value),
			Length:       int64(i) * 10,
			Nullable:     a.Value == nil,
			NullableOK:   i%2 == 0,
			Precision:    int64(i + 20),
			Scale:        int64(i),
			DecimalOK:    i%3 == 0,
		})
		set.Rows[0][i] = a.Value
	}
	return set
}
