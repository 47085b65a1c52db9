// Package faultproxy is a TCP proxy that breaks connections on purpose.
//
//	p := faultproxy.New(t, server.Addr())
//	db := open(server.DSNVia(p.Addr(), name))
//	cut := p.CutAfter(faultproxy.Down, 17, faultproxy.RST)
//	_, err := db.Exec("INSERT ...")    // loses the answer after 17 bytes of it
//	<-cut.Done()
//
// It can delay, stall, refuse, hang up and change servers, like others. What
// others cannot do, and why there is this one in place of Shopify's toxiproxy,
// is to end a connection after exactly n bytes in a chosen direction, with the
// choice of FIN and RST. Whether a lost COMMIT is told as lost depends on which
// byte was the last to arrive, so tests try them all.
package faultproxy
