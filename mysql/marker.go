package mysql

import (
	"fmt"
	"strings"

	"github.com/pooledsql/pooled"
)

// The table that pooled.Config.MarkerTable names:
//
//	CREATE TABLE pooled_markers (
//		id   VARCHAR(32) CHARACTER SET ascii NOT NULL PRIMARY KEY,
//		made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
//		KEY (made)
//	) ENGINE=InnoDB
var _ pooled.MarkerDialect = Dialect{}

// WhoAmI tells a server by its name, port, number and place of its data, none
// of which change with a restart.
func (Dialect) WhoAmI() string {
	return "SELECT CONCAT(CONNECTION_ID(), ' ', CONCAT_WS('/', @@hostname, @@port, @@server_id, @@datadir))"
}

// HasSession reads the list of sessions, where everybody sees his own. The
// server takes a session off it when its transaction is over.
func (Dialect) HasSession(id uint64) string {
	return fmt.Sprintf("SELECT count(*) FROM information_schema.processlist WHERE id = %d", id)
}

// InsertMarker leaves the time to the server.
func (Dialect) InsertMarker(table, id string) string {
	return fmt.Sprintf("INSERT INTO %s (id) VALUES ('%s')", quoted(table), id)
}

// FindMarker counts the row.
func (Dialect) FindMarker(table, id string) string {
	return fmt.Sprintf("SELECT count(*) FROM %s WHERE id = '%s'", quoted(table), id)
}

// DeleteMarkers goes by the server's clock, which also dated the rows.
func (Dialect) DeleteMarkers(table string, limit int) string {
	return fmt.Sprintf("DELETE FROM %s WHERE made < NOW() - INTERVAL 1 HOUR ORDER BY made LIMIT %d", quoted(table), limit)
}

// quoted quotes the parts of a name that holds no backtick.
func quoted(name string) string { return "`" + strings.ReplaceAll(name, ".", "`.`") + "`" }
