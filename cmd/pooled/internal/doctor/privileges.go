package doctor

// judgeStats reports whether the user sees what other users' sessions do, which
// Pool.Sessions and the live page count.
func (e *examination) judgeStats(all bool, where, grant string) {
	values := map[string]any{"all": all}
	if all {
		e.add("activity", OK, values, "", "the user sees what the sessions of others do (%s)", where)
		return
	}
	e.add("activity", OK, values, grant, "the user does not see what the sessions of others do (%s)", where)
}

// judgeCreate reports whether the user may create tables, which migrations do
// and programs need not.
func (e *examination) judgeCreate(there, may bool, where, mend, missing string) {
	values := map[string]any{"create": may}
	switch {
	case !there:
		e.add("create", Warning, values, mend, "%s", missing)
	case may:
		e.add("create", OK, values, "", "the user may create tables in %s: migrations can run as this user", where)
	default:
		e.add("create", OK, values, "run migrations as another user", "the user may not create tables in %s", where)
	}
}
