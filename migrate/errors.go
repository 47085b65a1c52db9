package migrate

import "errors"

// What errors.Is finds in the errors of a Migrator.
var (
	// ErrDrift: an applied migration is not what it was when it was applied.
	ErrDrift = errors.New("migrate: an applied migration was changed")
	// ErrPending: migrations wait to be applied.
	ErrPending = errors.New("migrate: migrations are pending")
	// ErrLocked: another runner did not finish in time.
	ErrLocked = errors.New("migrate: another runner is at work")
	// ErrLockLost: the lock went to somebody else during the run.
	ErrLockLost = errors.New("migrate: the lock was lost during the run")
	// ErrUndecided: a statement may or may not have run, and only a person can
	// find out. Repair takes the answer.
	ErrUndecided = errors.New("migrate: it is not known whether a statement ran")
	// ErrNoDown: a migration has no way back.
	ErrNoDown = errors.New("migrate: there is nothing to go back with")
)
