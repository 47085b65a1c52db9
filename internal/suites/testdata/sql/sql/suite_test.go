package sql

import (
	"database/sql/driver"
	"log/slog"
	"os"
	"reflect"
	"sync"
	"unsafe"

	"github.com/pooledsql/pooled"
)

func init() {
	suiteOpened = func(db *DB, c driver.Connector) { suiteBases.Store(db, c) }
	if os.Getenv("SUITE_MODE") == "bare" {
		return
	}
	suiteWrap = func(base driver.Connector) driver.Connector {
		if base.Driver() == nil { // WrapConnector must be given a whole one
			return base
		}
		c, err := pooled.WrapConnector(base, func(c *pooled.Config) {
			c.MinConns = pooled.Off
			c.MaxConns = 1000
			c.Logger = slog.New(slog.DiscardHandler)
		})
		if err != nil {
			panic(err)
		}
		return c
	}
}

var suiteBases sync.Map // of *DB: driver.Connector

func suiteConnector(db *DB) driver.Connector {
	c, _ := suiteBases.Load(db)
	return c.(driver.Connector)
}

func suiteDriver(db *DB) driver.Driver { return suiteConnector(db).Driver() }

// suiteConn looks at the base's connection without being a use of it, where
// the handle has one.
func suiteConn(c any) any {
	if link := suiteField(c, "link"); link != nil {
		if base := suiteField(link, "base"); base != nil {
			return base
		}
	}
	return suiteUnwrap(c)
}

func suiteUnwrap(c any) any {
	if base, err := pooled.Unwrap(c); err == nil {
		return base
	}
	return c
}

func suiteRows(r any) any {
	if base := suiteField(r, "base"); base != nil {
		return base
	}
	return r
}

// suiteField returns a field of one of pooled's types, nil if there is none.
func suiteField(v any, name string) any {
	s := reflect.ValueOf(v)
	if s.Kind() != reflect.Pointer || s.IsNil() || s.Elem().Kind() != reflect.Struct ||
		s.Elem().Type().PkgPath() != "github.com/pooledsql/pooled" {
		return nil
	}
	f := s.Elem().FieldByName(name)
	if !f.IsValid() || f.IsZero() {
		return nil
	}
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Interface()
}
