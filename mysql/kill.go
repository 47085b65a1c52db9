package mysql

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/pooledsql/pooled"
)

var _ pooled.KillDialect = Dialect{}

// SessionID reads the greeting, which every server of the family sends before
// anything else and before TLS: a header of four bytes, the protocol's version
// (10), the server's version up to a zero byte, the session's number.
func (Dialect) SessionID(greeting []byte) uint64 {
	if len(greeting) < 5 || greeting[4] != 10 {
		return 0
	}
	_, rest, found := bytes.Cut(greeting[5:], []byte{0})
	if !found || len(rest) < 4 {
		return 0
	}
	return uint64(binary.LittleEndian.Uint32(rest))
}

// FindSession reads the list of sessions, where everybody sees his own. The
// server writes name or address, a colon and the port of the client; for a
// Unix socket it writes localhost.
func (Dialect) FindSession(id uint64, port int) string {
	host := "host = 'localhost'"
	if port != 0 {
		host = fmt.Sprintf("host LIKE '%%:%d'", port)
	}
	return fmt.Sprintf("SELECT count(*) FROM information_schema.processlist WHERE id = %d AND %s", id, host)
}

// KillStatement needs no privilege for a session of the same user.
func (Dialect) KillStatement(id uint64) string { return fmt.Sprintf("KILL QUERY %d", id) }

// KillSession needs no privilege for a session of the same user.
func (Dialect) KillSession(id uint64) string { return fmt.Sprintf("KILL %d", id) }
