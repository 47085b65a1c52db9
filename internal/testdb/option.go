package testdb

// Option changes how a private server is started.
type Option func(*Server)

// Setting sets a server setting by its name in the configuration file, such as
// max_connections. The last one given for a name holds.
func Setting(name, value string) Option {
	return func(s *Server) { s.settings[name] = value }
}
