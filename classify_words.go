package pooled

// word is what the classifier knows of one keyword. The zero word means that
// the token is no keyword of the flavor.
type word struct {
	id    keyword
	flags wordFlags
}

// wordFlags are the lexical habits of a keyword.
type wordFlags uint8

const (
	// wordKnown marks every entry, so that a keyword without a meaning of its
	// own still differs from an identifier.
	wordKnown wordFlags = 1 << iota
	// wordReserved cannot be the name of a table or an alias without quotes.
	wordReserved
	// wordNoCall may stand before a parenthesis without calling anything:
	// IN (, OVER (, USING (.
	wordNoCall
	// wordUpper is written in capitals in a digest. Words that people use as
	// names (name, type, value) are left alone, since a digest must not touch
	// identifiers.
	wordUpper
	// wordOperand promises that an operand follows, so a sign after it belongs
	// to a literal and a ? after it is a placeholder.
	wordOperand
)

// wordTable finds keywords and functions without looking at their letters one
// by one: the first and the last eight bytes and the length are the key. It is
// filled once and only read afterwards.
type wordTable struct {
	slots []uint16 // index into entries plus one; 0 is empty
	mask  uint64
	items []wordItem
}

// wordItem is one entry of a wordTable.
type wordItem struct {
	head, tail uint64
	size       int32
	word       word
	fn         function
	text       string
}

const (
	wordMix1 = 0x9E3779B97F4A7C15
	wordMix2 = 0xC2B2AE3D27D4EB4F
)

// newWordTable makes room for n entries at a load of at most a quarter, so
// that most identifiers meet an empty slot at once.
func newWordTable(n int) *wordTable {
	size := 64
	for size < 4*n {
		size *= 2
	}
	return &wordTable{slots: make([]uint16, size), mask: uint64(size - 1)}
}

// wordKey reads the key of s[i:j] with letters in lower case. Setting bit 5
// of every byte maps an underscore to DEL, which no word contains, and digits
// to themselves, so no two words share a key that are not the same word.
func wordKey(s string, i, j int) (head, tail uint64) {
	const lower = 0x2020202020202020
	n := j - i
	if n > 8 {
		return load64(s, i) | lower, load64(s, j-8) | lower
	}
	for k := n - 1; k >= 0; k-- {
		head = head<<8 | uint64(s[i+k]|0x20)
	}
	return head, 0
}

// load64 reads eight bytes; the compiler makes one load of it.
func load64(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// find returns the entry for s[i:j], or nil.
func (t *wordTable) find(s string, i, j int) *wordItem {
	const lower = 0x2020202020202020
	var head, tail uint64
	n := j - i
	if n <= 8 && i+8 <= len(s) {
		// Most words, wherever they do not end the text.
		head = (load64(s, i) | lower) & (1<<(8*uint(n)&63) - 1)
		if n == 8 {
			head = load64(s, i) | lower
		}
	} else {
		head, tail = wordKey(s, i, j)
	}
	h := (head*wordMix1 ^ tail*wordMix2) + uint64(n)
	slots := t.slots
	for slot := (h ^ h>>32) & t.mask; slot < uint64(len(slots)); slot = (slot + 1) & t.mask {
		k := slots[slot]
		if k == 0 {
			break
		}
		e := &t.items[k-1]
		if e.head == head && e.tail == tail && e.size == int32(n) && (n <= 16 || equalFold(s[i:j], e.text)) {
			return e
		}
	}
	return nil
}

// add returns the entry for text, a new one where there is none.
func (t *wordTable) add(text string) *wordItem {
	if e := t.find(text, 0, len(text)); e != nil {
		return e
	}
	head, tail := wordKey(text, 0, len(text))
	n := int32(len(text))
	h := (head*wordMix1 ^ tail*wordMix2) + uint64(n)
	slot := (h ^ h>>32) & t.mask
	for t.slots[slot] != 0 {
		slot = (slot + 1) & t.mask
	}
	t.items = append(t.items, wordItem{head: head, tail: tail, size: n, text: text})
	t.slots[slot] = uint16(len(t.items))
	return &t.items[len(t.items)-1]
}

// equalFold compares ASCII text without regard to case.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}
