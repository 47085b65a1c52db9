package pooled

import "fmt"

// Counts are the links by what they are doing, and the queue.
type Counts struct {
	Max, Min int // the limits
	InUse    int // on loan
	Idle     int // open, not on loan
	Dialling int // being made
	Closing  int // hung up, not yet gone
	Waiting  int // callers in the queue
}

// String tells them in one phrase.
func (c Counts) String() string {
	return fmt.Sprintf("%d of %d connections in use, %d idle, %d dialling, %d closing, %d callers waiting",
		c.InUse, c.Max, c.Idle, c.Dialling, c.Closing, c.Waiting)
}

func (p *Pool) countsLocked() Counts {
	c := Counts{Max: p.max, Min: p.min, Dialling: p.dialling, Closing: p.closing, Waiting: p.queue.len - p.queue.quiet}
	for _, l := range p.links {
		if l.inUse() {
			c.InUse++
		} else {
			c.Idle++
		}
	}
	return c
}
