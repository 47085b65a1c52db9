package pooled

import "time"

// Observe is the housekeeper's look at the pool, as if it came that much later.
func (p *Pool) Observe(later time.Duration) { p.observe(nano() + int64(later)) }
