package pooled

// wordFlags are the lexical habits of a keyword; the last three, of any token.
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
	// names (name, type, value) are not: they go to lower case where they are no
	// part of a clause. Other names stay as they are.
	wordUpper
	// wordOperand promises that an operand follows, so a sign after it belongs
	// to a literal and a ? after it is a placeholder.
	wordOperand
	// wordRule, wordClause and wordShape mark what may mean something to the
	// analyzer, to the search for tables and to the digest, also behind a verb
	// without words of its own. All other tokens pass them at once.
	wordRule
	wordClause
	wordShape
)

// wordTable finds keywords and functions without looking at their letters one
// by one: the first and the last eight bytes and the length are the key. It is
// filled once and only read afterwards.
type wordTable struct {
	slots [wordSlots]wordSlot
	items []wordItem // the first is that of all empty slots, for what is in no other
}

// wordSlots is more than three times as many as there are entries, so that most
// identifiers meet an empty slot at once.
const (
	wordSlots = 1 << wordBits
	wordBits  = 12
)

// wordSlot has what most words need at hand, so that they touch nothing else.
type wordSlot struct {
	head uint64 // of the item; 0 in an empty slot
	tokenSort
	item uint16 // index into items
}

// wordItem is one entry of a wordTable.
type wordItem struct {
	head, tail uint64 // see wordKey
	tokenSort
	fn   function
	text string
}

const (
	wordMix1 = 0x9E3779B97F4A7C15
	wordMix2 = 0xC2B2AE3D27D4EB4F
)

func newWordTable() *wordTable {
	return &wordTable{items: []wordItem{{tokenSort: tokenSort{kind: tokenWord}}}}
}

// ones has a one in every byte; n*ones has n in every byte.
const ones = 0x0101010101010101

// load64 reads eight bytes. The compiler makes one load of it, but only where
// the indices are constants.
func load64(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// eight reads the eight bytes of s at i, with zeros for what lies behind its end.
func eight(s string, i int) (x uint64) {
	if i+8 <= len(s) {
		return load64(s, i)
	}
	if len(s) >= 8 {
		return load64(s, len(s)-8) >> (8 * uint(i+8-len(s)))
	}
	for k := len(s) - 1; k >= i; k-- {
		x = x<<8 | uint64(s[k])
	}
	return x
}

// wordStops sets the high bit of every byte of x that does not continue a word,
// and no other: all but letters, digits, _, $ and what is not ASCII
// (charTable.word). It looks at all eight at once, because a loop whose end
// cannot be foreseen costs more than its steps.
func wordStops(x uint64) uint64 {
	low := x & (0x7f * ones)
	letter := low | 0x20*ones
	// In each of these the high bit of a byte tells.
	isLetter := (letter + (0x80-'a')*ones) & ((0x80+'z')*ones - letter)
	isDigit := (low + (0x80-'0')*ones) & ((0x80+'9')*ones - low)
	isSign := (0x80*ones - (low ^ '_'*ones)) | (0x80*ones - (low ^ '$'*ones))
	return ^(isLetter | isDigit | isSign | x) & (0x80 * ones)
}

// inLower is the key of bytes, with letters in lower case. Setting bit 5 of
// every byte maps an underscore to DEL, which no word contains, and digits to
// themselves, so no two words share a key that are not the same word.
func inLower(x uint64) uint64 { return x | 0x20*ones }

// wordHead is the key of the first n bytes of a word, of which x has up to
// eight. It ends with its last byte, so no two lengths share a key.
func wordHead(x uint64, n int) uint64 {
	return inLower(x) << (uint(-8*n) % 64)
}

// wordKey returns the key of a word.
func wordKey(text string) (head, tail uint64) {
	n := len(text)
	if n < 8 {
		return wordHead(eight(text, 0), n), 0
	}
	if n > 8 {
		tail = inLower(load64(text, n-8))
	}
	return inLower(load64(text, 0)), tail
}

// find returns the entry for text, or nil.
func (t *wordTable) find(text string) *wordItem {
	if e := t.lookup(text); e.head != 0 {
		return e
	}
	return nil
}

// lookup returns the entry for text, or the first of all.
func (t *wordTable) lookup(text string) *wordItem {
	head, tail := wordKey(text)
	for slot := slotOf(head, tail); ; slot++ {
		switch s := &t.slots[slot%wordSlots]; s.head {
		case 0:
			return &t.items[0]
		case head:
			e := &t.items[s.item]
			if e.tail == tail && len(e.text) == len(text) && (len(text) <= 16 || equalFold(text, e.text)) {
				return e
			}
		}
	}
}

// short tells what a word of less than eight bytes is, which its head alone
// tells from all others.
func (t *wordTable) short(head uint64) tokenSort {
	for slot := slotOf(head, 0); ; slot++ {
		if s := &t.slots[slot%wordSlots]; s.head == head || s.head == 0 {
			return s.tokenSort
		}
	}
}

// slotOf is where to look first for a key.
func slotOf(head, tail uint64) uint64 {
	return (head ^ tail*wordMix2) * wordMix1 >> (64 - wordBits)
}

// add returns the entry for text, a new one where there is none.
func (t *wordTable) add(text string) *wordItem {
	if e := t.find(text); e != nil {
		return e
	}
	head, tail := wordKey(text)
	slot := slotOf(head, tail)
	for t.slots[slot].head != 0 {
		slot = (slot + 1) % wordSlots
	}
	t.slots[slot] = wordSlot{head: head, item: uint16(len(t.items))}
	t.items = append(t.items, wordItem{head: head, tail: tail, tokenSort: tokenSort{kind: tokenWord}, text: text})
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
