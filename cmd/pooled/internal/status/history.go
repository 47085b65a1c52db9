package status

// History is what was seen of pools over time, for graphs.
type History struct {
	pools map[string]*past
}

type past struct {
	inUse, waiting []int
	most           int // callers that waited
}

// kept is how many samples a graph may have: as many as a wide terminal has
// columns.
const kept = 400

// Add notes a sample.
func (h *History) Add(s *Sample) {
	if h.pools == nil {
		h.pools = map[string]*past{}
	}
	for _, p := range s.Pools {
		k := h.pools[p.Stats.Name]
		if k == nil {
			k = new(past)
			h.pools[p.Stats.Name] = k
		}
		keep := func(list *[]int, n int) { *list = append((*list)[max(0, len(*list)+1-kept):], n) }
		keep(&k.inUse, p.Stats.Connections.InUse)
		keep(&k.waiting, p.Stats.Connections.Waiting)
		k.most = 0
		for _, n := range k.waiting {
			k.most = max(k.most, n)
		}
	}
	if len(h.pools) > len(s.Pools) { // one was renamed, or the program is another
		for name := range h.pools {
			if s.pool(name) == nil {
				delete(h.pools, name)
			}
		}
	}
}

func (h *History) of(name string) past {
	if h != nil {
		if k := h.pools[name]; k != nil {
			return *k
		}
	}
	return past{}
}
