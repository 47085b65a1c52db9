package pooled

// batchItem is one statement of a batch.
type batchItem struct {
	text string
	args []any
	rows bool
}

// itemList is a list of statements in blocks. One slice would leave as much
// garbage behind as it holds, or more, while it grows.
type itemList struct {
	blocks [][]batchItem // all but the last are full
	len    int
}

const itemBlock = 256

func (l *itemList) add(it batchItem) {
	b := l.len / itemBlock
	switch {
	case b < len(l.blocks):
	case b == 0:
		l.blocks = append(l.blocks, nil) // most batches are small
	default:
		l.blocks = append(l.blocks, make([]batchItem, 0, itemBlock))
	}
	l.blocks[b] = append(l.blocks[b], it)
	l.len++
}

func (l *itemList) at(i int) *batchItem { return &l.blocks[uint(i)/itemBlock][uint(i)%itemBlock] }

// empty keeps the memory for the next statements.
func (l *itemList) empty() {
	for b := range l.blocks {
		l.blocks[b] = l.blocks[b][:0]
	}
	l.len = 0
}
