// Package local tells this machine from others.
package local

import (
	"net/netip"
	"strings"
)

// Hosts tells whether every host of a list with commas is this machine, a Unix
// socket, or not known.
func Hosts(list string) bool {
	for host := range strings.SplitSeq(list, ",") {
		socket := strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") ||
			len(host) > 2 && host[1] == ':' && host[2] == '\\'
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		if host == "" || socket || name == "localhost" || strings.HasSuffix(name, ".localhost") {
			continue
		}
		address, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil || !address.Unmap().IsLoopback() {
			return false
		}
	}
	return true
}
