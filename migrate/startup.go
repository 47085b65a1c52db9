package migrate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// StartupMode says what a service does with pending migrations when it starts.
type StartupMode uint8

const (
	// StartupApply applies them. Of several instances that start at once one
	// does, and the others wait for it.
	StartupApply StartupMode = iota
	// StartupWait waits until somebody else has applied them: a deployment job,
	// another instance.
	StartupWait
	// StartupRefuse returns an error that wraps ErrPending.
	StartupRefuse
)

// startupProbe is how often StartupWait looks, at first and at most.
const (
	startupProbe    = 100 * time.Millisecond
	startupProbeMax = 2 * time.Second
)

// Startup brings a service to where it may begin its work: when it returns nil,
// no migration is pending and the applied ones are the program's. A wait is
// bounded by ctx, and one for another runner by Config.AcquireTimeout too.
func (m *Migrator) Startup(ctx context.Context, mode StartupMode) error {
	switch mode {
	case StartupApply:
		_, err := m.Up(ctx)
		return err
	case StartupWait, StartupRefuse:
	default:
		return fmt.Errorf("migrate: Startup: mode is %d; StartupApply, StartupWait and StartupRefuse are allowed", mode)
	}
	var behind *behindError // what the last look that came to its end said
	for pause := startupProbe; ; pause = min(2*pause, startupProbeMax) {
		err := m.behind(ctx)
		if err == nil || mode == StartupRefuse {
			return err
		}
		if found, ok := err.(*behindError); ok {
			behind = found
		} else if behind != nil && ctx.Err() != nil {
			return fmt.Errorf("%w: %w", context.Cause(ctx), behind)
		} else {
			return err
		}
		m.tell(Event{Kind: EventWaiting, Err: err, Pause: pause})
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(pause/2 + rand.N(pause)):
		}
	}
}

// behindError says what a service waits for.
type behindError struct{ pending, unfinished int }

func (e *behindError) Error() string {
	if e.unfinished > 0 {
		return fmt.Sprintf("%v: %d, one of them half done", ErrPending, e.pending)
	}
	return fmt.Sprintf("%v: %d", ErrPending, e.pending)
}

func (e *behindError) Unwrap() error { return ErrPending }

// behind returns an error if something is pending or not as it was applied.
func (m *Migrator) behind(ctx context.Context) error {
	s, st, err := m.look(ctx)
	if err != nil {
		return err
	}
	pending := len(st.pending(m.set, math.MaxInt64))
	m.setPending(pending)
	if pending > 0 || st.open != nil {
		e := &behindError{pending: pending}
		if st.open != nil {
			e.unfinished = 1
		}
		return e
	}
	return m.validate(s, st)
}
