package pooled

import (
	"fmt"
	"time"
)

// Advice is one recommendation: what to change, and why. Its texts are
// sentences for a person and hold no secret, literal or argument.
type Advice struct {
	Code     AdviceCode
	Severity Severity
	Title    string // what it is about, the same for all of its code

	Observed   string // what was measured, and when
	Arithmetic string // how Value follows from it; "" where there is nothing to reckon

	Setting string // what to change, by its name in a DSN or on the server; "" if that is the program
	Now     string // what it is now
	Value   string // what to set it to
	Action  string // what to do, in one sentence
	Effect  string // what to expect of it

	Since time.Time // when it was first given; zero of what follows from the configuration alone

	subject string // what tells it from others of the same code
}

// Severity tells how much it hurts to leave an Advice be.
type Severity uint8

const (
	SeverityInfo     Severity = iota // something is wasted, or hidden
	SeverityWarning                  // callers wait, or something will break one day
	SeverityCritical                 // callers are turned away
)

// String returns "info", "warning" or "critical".
func (s Severity) String() string {
	return [...]string{"info", "warning", "critical"}[min(s, SeverityCritical)]
}

// MarshalText returns what String does, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, known := range []Severity{SeverityInfo, SeverityWarning, SeverityCritical} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("pooled: severity %q: want info, warning or critical", text)
}

// AdviceCode names an Advice for programs. Codes never change their meaning;
// docs/advice.md tells the rule behind each.
type AdviceCode string

// All that Advise may say.
const (
	AdvicePoolTooSmall      AdviceCode = "pool_too_small"
	AdvicePoolTooLarge      AdviceCode = "pool_too_large"
	AdviceServerSlowed      AdviceCode = "server_slowed"
	AdviceServerConnections AdviceCode = "server_connections"
	AdviceMinConns          AdviceCode = "min_conns"
	AdviceIdleConnections   AdviceCode = "idle_connections"
	AdviceLifetimeChurn     AdviceCode = "lifetime_churn"
	AdviceAcquireTimeout    AdviceCode = "acquire_timeout"
	AdviceIdleInTransaction AdviceCode = "idle_in_transaction"
	AdviceLongLoans         AdviceCode = "long_loans"
	AdviceLeaks             AdviceCode = "leaks"
	AdviceRepeated          AdviceCode = "repeated_statements"
	AdviceTextRoundTrips    AdviceCode = "text_round_trips"
	AdviceStatementCache    AdviceCode = "statement_cache"
	AdviceLiterals          AdviceCode = "literals_in_text"
	AdviceTLS               AdviceCode = "tls_missing"
	AdviceServerIdleTimeout AdviceCode = "server_idle_timeout"
	AdvicePooler            AdviceCode = "pooler"
	AdviceSlowStatement     AdviceCode = "slow_statement"
	AdviceMissingIndex      AdviceCode = "missing_index"
	AdviceMaxOpenConns      AdviceCode = "max_open_conns"
	AdviceSessionState      AdviceCode = "session_state"
)
