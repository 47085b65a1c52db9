package pooled

import (
	"fmt"
	"strconv"
	"time"
)

// The rules about how many links there are.

func judgeTooSmall(v *view) []Advice {
	if !v.measured() || v.troubled || v.strained {
		return nil
	}
	target, p99 := v.cfg.AdviseWaitTarget, v.waited(waitShare)
	refused := float64(v.timeouts + v.queueFull)
	late := v.over(AdvicePoolTooSmall, p99.Seconds(), target.Seconds())
	turned := refused > 0 && v.over(AdvicePoolTooSmall, refused, v.arrived*(1-waitShare))
	if !late && !turned || 2*v.full < v.wait.Count() {
		return nil
	}
	n, how := v.linksWanted(p99)
	n = rounded(max(n, v.max+1))
	a := Advice{
		Severity: SeverityWarning,
		Observed: fmt.Sprintf("In the last %s %s callers a second held a connection for %s on average; one in a hundred waited for one for %s or longer, where %s is the target.",
			brief(v.span), figure(v.rate()), brief(v.mean), brief(p99), brief(target)),
		Arithmetic: how,
		Setting:    "pool_max_conns", Now: strconv.Itoa(v.max),
		Effect: fmt.Sprintf("99 %% of the callers wait for no longer than %s, if the server does as well with more connections.", brief(target)),
	}
	if turned {
		a.Severity = SeverityCritical
		a.Observed += fmt.Sprintf(" %s got none in time.", figure(refused))
	}
	if v.contended {
		most := max(v.max, int(slackest*v.worst.load))
		if n = min(n, most); n <= v.max {
			return nil // the server does less with more
		}
	}
	if s, ok := v.share(); ok && n > s.each {
		n = s.each
		a.Arithmetic += " " + s.String()
		if n <= v.max {
			a.Setting, a.Now, a.Value = "max_connections", strconv.Itoa(v.limits.Max), ""
			a.Action = "The server has no more connections for this instance: shorten what holds them, run fewer instances, or allow more on the server (max_connections)."
			return one(a)
		}
		a.Effect = "Callers wait for less long; for the rest the server has no connections."
	}
	a.Value = strconv.Itoa(n)
	a.Action = set(a.Setting, a.Now, a.Value)
	return one(a)
}

// linksWanted returns how many links the load asks for, and how that is
// reckoned.
func (v *view) linksWanted(p99 time.Duration) (n int, how string) {
	target := v.cfg.AdviseWaitTarget
	most := v.max + v.peak // nobody would have waited
	if v.crowd > 0 {
		n = linksForBurst(v.crowd, v.mean, 0, target)
		return min(n, most), fmt.Sprintf("%d callers come again as soon as they are served; with n connections each waits %d x %s / n less %s: %d x %s / (%s + %s) = %d.",
			v.crowd, v.crowd, brief(v.mean), brief(v.mean), v.crowd, brief(v.mean), brief(v.mean), brief(target), n)
	}
	load := v.busiest * v.mean.Seconds()
	n = linksFor(load, v.mean, target, v.spread)
	if n > v.max {
		return min(n, most), fmt.Sprintf("In the busiest two seconds %s callers a second x %s = %s connections in use on average; by Erlang C (use times varying with a squared coefficient of %s) %s of the callers wait for longer than %s with %d, and no more than 1 %% with %d.",
			figure(v.busiest), brief(v.mean), figure(load), figure(v.spread), percent(waitBeyond(v.max, load, v.mean, target, v.spread)), brief(target), v.max, n)
	}
	n = min(linksForBurst(v.max, v.mean, p99, target), most)
	return n, fmt.Sprintf("%d connections would do for callers who come at random (%s in use on average): these come in bursts of less than two seconds. What %d connections did in %s + %s takes %d for no more than %s + %s.",
		v.max, figure(load), v.max, brief(v.mean), brief(p99), n, brief(v.mean), brief(target))
}

func judgeTooLarge(v *view) []Advice {
	if v.contended && !v.troubled {
		n := max(linksFor(v.best.load, v.best.use, v.cfg.AdviseWaitTarget, 1), ceil(v.best.load)+1)
		if n = rounded(n); float64(n) > 0.8*float64(v.max) {
			return nil
		}
		return one(Advice{
			Severity: SeverityWarning,
			Observed: fmt.Sprintf("With %s connections in use the server ended %s loans a second, each after %s; with %s it ended %s, each after %s. That was so more than once within an hour.",
				figure(v.worst.load), figure(v.worst.rate), brief(v.worst.use), figure(v.best.load), figure(v.best.rate), brief(v.best.use)),
			Arithmetic: fmt.Sprintf("%s a second x %s = %s connections in use; by Erlang C 99 %% of the callers wait no longer than %s with %d.",
				figure(v.best.rate), brief(v.best.use), figure(v.best.load), brief(v.cfg.AdviseWaitTarget), n),
			Setting: "pool_max_conns", Now: strconv.Itoa(v.max), Value: strconv.Itoa(n),
			Action: set("pool_max_conns", strconv.Itoa(v.max), strconv.Itoa(n)),
			Effect: fmt.Sprintf("Statements take about %s instead of %s when all connections are in use, and no fewer are done.", brief(v.best.use), brief(v.worst.use)),
		})
	}
	s, ok := v.share()
	if !ok || !v.wholeDay || v.max <= 3*v.dayNeed || v.max-v.dayNeed < 10 || 2*v.max*s.instances <= s.most-s.strangers {
		return nil
	}
	n := rounded(max(2*v.dayNeed, v.min, 2))
	return one(Advice{
		Severity:   SeverityInfo,
		Observed:   fmt.Sprintf("The busiest ten seconds of the last day needed %d connections of %d.", v.dayNeed, v.max),
		Arithmetic: fmt.Sprintf("%s Twice what was needed is %d.", s, n),
		Setting:    "pool_max_conns", Now: strconv.Itoa(v.max), Value: strconv.Itoa(n),
		Action: set("pool_max_conns", strconv.Itoa(v.max), strconv.Itoa(n)),
		Effect: "One instance that runs wild leaves connections for the others.",
	})
}

func judgeServerSlowed(v *view) []Advice {
	if v.troubled || !v.strained || v.contended {
		return nil
	}
	return one(Advice{
		Severity: SeverityWarning,
		Observed: fmt.Sprintf("With all connections in use (%s on average) %s loans a second end, each after %s; within the last hour it was %s a second, each after %s, with %s in use. No fewer callers come.",
			figure(v.worst.load), figure(v.worst.rate), brief(v.worst.use), figure(v.best.rate), brief(v.best.use), figure(v.best.load)),
		Arithmetic: fmt.Sprintf("%s / %s = %s times as long, for %s / %s = %s of the work.", brief(v.worst.use), brief(v.best.use),
			figure(float64(v.worst.use)/float64(v.best.use)), figure(v.worst.rate), figure(v.best.rate), percent(v.worst.rate/v.best.rate)),
		Action: fmt.Sprintf("Look at the server first: locks, disks, a plan that changed. More connections make it no quicker. If it is well, it is these connections that hinder each other: try a pool_max_conns of %d (it is %d), with Resize, and see whether more is done.",
			rounded(max(linksFor(v.best.load, v.best.use, v.cfg.AdviseWaitTarget, 1), ceil(v.best.load)+1)), v.max),
		Effect: "Statements take as long as before.",
	})
}

// String tells how the share is reckoned.
func (s serverShare) String() string {
	whose := "clients may have"
	if s.user {
		whose = "this user may have"
	}
	return fmt.Sprintf("The server has %d connections that %s, others use %d of them: (%d - %d) / %s = %d each.",
		s.most, whose, s.strangers, s.most, s.strangers, s.count(), s.each)
}

// count tells how many instances there are, as far as is known.
func (s serverShare) count() string {
	if s.instances == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", s.instances)
}

func judgeServerConnections(v *view) []Advice {
	s, ok := v.share()
	if !ok || v.max <= s.each {
		return nil
	}
	return one(Advice{
		Severity:   SeverityWarning,
		Observed:   fmt.Sprintf("The pool may open %d connections, in each instance of the program; from the server's sessions there is at least %s.", v.max, s.count()),
		Arithmetic: s.String(),
		Setting:    "pool_max_conns", Now: strconv.Itoa(v.max), Value: strconv.Itoa(s.each),
		Action: fmt.Sprintf("Set pool_max_conns to %d at most (it is %d), or allow more on the server (max_connections is %d).", s.each, v.max, v.limits.Max),
		Effect: "Under load the server refuses nobody: callers wait in the pool instead of failing.",
	})
}

func judgeMinConns(v *view) []Advice {
	target, p99 := v.cfg.AdviseWaitTarget, v.waited(waitShare)
	if !v.measured() || v.troubled || !v.over(AdviceMinConns, p99.Seconds(), target.Seconds()) ||
		2*v.full >= v.wait.Count() || v.closed[closedIdle] < 3 || v.dials < 3 {
		return nil
	}
	a := Advice{
		Severity: SeverityWarning,
		Observed: fmt.Sprintf("In the last %s %d connections were closed after %s without use and %d were made; one caller in a hundred waited for %s or longer, though the pool was not at its limit.",
			brief(v.span), v.closed[closedIdle], brief(v.cfg.MaxConnIdleTime), v.dials, brief(p99)),
		Effect: fmt.Sprintf("Callers find a connection open: a dial takes %s.", brief(v.dial.Mean())),
	}
	load := v.busiest * v.mean.Seconds()
	n := min(rounded(max(linksFor(load, v.mean, target, v.spread), 1)), v.max)
	if n > v.min {
		a.Setting, a.Now, a.Value = "pool_min_conns", strconv.Itoa(v.min), strconv.Itoa(n)
		a.Arithmetic = fmt.Sprintf("In the busiest two seconds %s callers a second x %s = %s connections in use; with %d, 99 %% of the callers wait no longer than %s.",
			figure(v.busiest), brief(v.mean), figure(load), n, brief(target))
	} else if def := 10 * time.Minute; v.cfg.MaxConnIdleTime < def {
		a.Setting, a.Now, a.Value = "pool_max_conn_idle_time", shortDuration(v.cfg.MaxConnIdleTime), shortDuration(def)
		a.Arithmetic = fmt.Sprintf("A connection that is idle for %s costs the server little, a dial costs a caller %s.", def, brief(v.dial.Mean()))
	} else {
		return nil
	}
	a.Action = set(a.Setting, a.Now, a.Value)
	return one(a)
}

func judgeIdleConnections(v *view) []Advice {
	n := rounded(max(v.dayNeed, 1))
	if !v.wholeDay || v.min <= 2*n || v.min-n < 5 {
		return nil
	}
	return one(Advice{
		Severity:   SeverityInfo,
		Observed:   fmt.Sprintf("%d connections are kept open; the busiest ten seconds of the last day needed %d.", v.min, v.dayNeed),
		Arithmetic: fmt.Sprintf("%d - %d = %d connections that were never needed, in each instance.", v.min, n, v.min-n),
		Setting:    "pool_min_conns", Now: strconv.Itoa(v.min), Value: strconv.Itoa(n),
		Action: set("pool_min_conns", strconv.Itoa(v.min), strconv.Itoa(n)),
		Effect: "The server keeps their memory for its cache, and others can have the connections. The limit stays: more are made when they are needed.",
	})
}

func judgeLifetimeChurn(v *view) []Advice {
	life, n := v.cfg.MaxConnLifetime, v.closed[closedLifetime]
	if life <= 0 || life >= 5*time.Minute || n < 10 {
		return nil
	}
	def := shortDuration(30 * time.Minute)
	return one(Advice{
		Severity:   SeverityInfo,
		Observed:   fmt.Sprintf("In the last %s %d connections were replaced because they were older than %s.", brief(v.span), n, brief(life)),
		Arithmetic: fmt.Sprintf("%d dials x %s = %s of dialling; with %s it would be %s.", n, brief(v.dial.Mean()), brief(time.Duration(n)*v.dial.Mean()), def, brief(time.Duration(float64(n)*float64(v.dial.Mean())*float64(life)/float64(30*time.Minute)))),
		Setting:    "pool_max_conn_lifetime", Now: shortDuration(life), Value: def,
		Action: set("pool_max_conn_lifetime", shortDuration(life), def),
		Effect: "Fewer logins on the server, and connections that keep their prepared statements and caches.",
	})
}

func judgeAcquireTimeout(v *view) []Advice {
	limit := v.cfg.AcquireTimeout
	if !v.measured() || limit <= 0 || v.timeouts < 3 {
		return nil
	}
	what, long := "a loan", v.use.Quantile(waitShare)
	if d := v.dial.Quantile(waitShare); d > long {
		what, long = "a dial", d
	}
	if long < limit {
		return nil
	}
	value := shortDuration((2*long + time.Second - 1).Truncate(time.Second))
	return one(Advice{
		Severity:   SeverityWarning,
		Observed:   fmt.Sprintf("In the last %s %d callers gave up after %s.", brief(v.span), v.timeouts, brief(limit)),
		Arithmetic: fmt.Sprintf("The p99 of %s is %s: who comes at the wrong moment cannot be served within %s. Twice that is %s.", what, brief(long), brief(limit), value),
		Setting:    "pool_acquire_timeout", Now: shortDuration(limit), Value: value,
		Action: set("pool_acquire_timeout", shortDuration(limit), value) + " Better still, make it shorter what takes that long.",
		Effect: "Callers wait instead of failing.",
	})
}
