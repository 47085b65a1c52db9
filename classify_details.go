package pooled

// details gathers what is only wanted for people: tables and digest.
type details struct{}

func (d *details) token(a *analyzer, t *token)     {}
func (d *details) cte(a *analyzer, t *token)       {}
func (d *details) endStatement(a *analyzer)        {}
func (d *details) fill(s *Statement, query string) {}
