package doctor

import "fmt"

// capacity is how many sessions there may be, and are. -1 is what is not known.
type capacity struct {
	max      int // that the server takes
	reserved int // of these, not for this user
	open     int // of everybody
	others   int // of these, of other users
	user     int // limit of the user; 0: none
	database int // limit of the database; 0: none
}

// judge compares the sessions that there can be with those that the pool wants.
func (c capacity) judge(e *examination) {
	n := max(1, e.Instances)
	want := n * e.settled.MaxConns
	wants := fmt.Sprintf("the pool wants up to %d (pool_max_conns)", want)
	if n > 1 {
		wants = fmt.Sprintf("%d instances with pool_max_conns %d want up to %d", n, e.settled.MaxConns, want)
	}
	usable := c.max - max(0, c.reserved)
	values := map[string]any{"max": c.max, "reserved": c.reserved, "usable": usable, "wanted": want}
	has := fmt.Sprintf("the server takes %d sessions", c.max)
	if c.reserved > 0 {
		has = fmt.Sprintf("the server takes %d sessions, %d of them for administrators", c.max, c.reserved)
	}
	lower := func(limit int) string { return fmt.Sprintf("set pool_max_conns to %d at most", max(1, limit/n)) }
	switch {
	case e.proxy.name != "":
		e.add("connections", OK, values, "", "%s; %s of %s, which decides how many of these it takes", has, wants, e.proxy.name)
	case want > usable:
		e.add("connections", Failure, values, lower(usable)+", raise max_connections, or put a pooler in front", "%s; %s, so under load dials will fail", has, wants)
	case want*5 > usable*4:
		e.add("connections", Warning, values, lower(usable*4/5)+", or raise max_connections: migrations, backups and people need some, too",
			"%s; %s, which leaves less than a fifth", has, wants)
	default:
		e.add("connections", OK, values, "", "%s; %s", has, wants)
	}
	c.judgeUse(e, usable, want)
	c.judgeLimit(e, "user_limit", "the user", c.user, want, n)
	c.judgeLimit(e, "database_limit", "the database", c.database, want, n)
}

// judgeUse looks at the sessions that there are now. Those of the same user may
// be the program's own, which runs already.
func (c capacity) judgeUse(e *examination, usable, want int) {
	if c.open < 0 {
		return
	}
	values := map[string]any{"open": c.open, "others": c.others}
	text := fmt.Sprintf("%d sessions are open now, ours included", c.open)
	switch {
	case c.others >= 0 && c.open > 1:
		text = fmt.Sprintf("%d sessions are open now, %d of them other users'", c.open, c.others)
	case c.open == 1:
		text = "ours is the only session now"
	}
	free := usable - max(0, c.others)
	if e.proxy.name == "" && want <= usable && want > free {
		e.add("in_use", Warning, values, "see who holds them, or set limits to the other clients",
			"%s: they leave %d of the %d that are wanted", text, max(0, free), want)
		return
	}
	e.add("in_use", OK, values, "", "%s", text)
}

// judgeLimit looks at a limit that there need not be.
func (c capacity) judgeLimit(e *examination, check, whose string, limit, want, instances int) {
	if limit <= 0 {
		return
	}
	values := map[string]any{"limit": limit, "wanted": want}
	if want > limit && e.proxy.name == "" {
		e.add(check, Failure, values, fmt.Sprintf("set pool_max_conns to %d at most, or raise that limit", max(1, limit/instances)),
			"%s may have %d sessions, %d are wanted", whose, limit, want)
		return
	}
	e.add(check, OK, values, "", "%s may have %d sessions", whose, limit)
}
