package fakedriver

import "context"

type userKey struct{}

// As marks the context of one user of the database. While that user has a
// transaction or rows open on a connection, an operation of another marked
// user on the same connection is misuse: a loan was mixed up.
func As(ctx context.Context, user any) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

func userOf(ctx context.Context) any { return ctx.Value(userKey{}) }
