package pooled

import "math/bits"

// word is what the classifier knows of one keyword. The zero word means that
// the token is no keyword of the flavor.
type word struct {
	id    keyword
	flags wordFlags
}

// wordFlags are the lexical habits of a keyword.
type wordFlags uint16

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
	// wordRule, wordClause and wordShape mark the keywords that may mean
	// something to the analyzer, to the search for tables and to the digest, also
	// behind a verb without words of its own. All others pass them at once.
	wordRule
	wordClause
	wordShape
)

// wordTable finds keywords and functions without looking at their letters one
// by one: the first and the last eight bytes and the length are the key. It is
// filled once and only read afterwards.
type wordTable struct {
	slots [wordSlots]uint16 // index into items plus one; 0 is empty
	items []wordItem
}

// wordSlots is a power of two, more than three times as many as there are
// entries, so that most identifiers meet an empty slot at once.
const wordSlots = 4096

// wordItem is one entry of a wordTable.
type wordItem struct {
	head, tail uint64
	word       word
	fn         function
	text       string
}

const (
	wordMix1 = 0x9E3779B97F4A7C15
	wordMix2 = 0xC2B2AE3D27D4EB4F
)

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
// Who reads most words asks first whether load64 will do: that saves the call.
func eight(s string, i int) (x uint64) {
	if i+8 <= len(s) {
		return load64(s, i)
	}
	for k := len(s) - 1; k >= i; k-- {
		x = x<<8 | uint64(s[k])
	}
	return x
}

// wordMask has all bits set in those n bytes at the beginning of x that continue
// a word: letters, digits, _, $ and what is not ASCII (charTable.word). It looks
// at all eight at once, because a loop whose end cannot be foreseen costs more
// than its steps.
func wordMask(x uint64) (mask uint64, n int) {
	low := x & (0x7f * ones)
	letter := low | 0x20*ones
	// In each of these the high bit of a byte tells.
	isLetter := (letter + (0x80-'a')*ones) &^ (letter + (0x7f-'z')*ones)
	isDigit := (low + (0x80-'0')*ones) &^ (low + (0x7f-'9')*ones)
	isSign := (0x80*ones - (low ^ '_'*ones)) | (0x80*ones - (low ^ '$'*ones))
	other := ^(isLetter | isDigit | isSign | x) & (0x80 * ones)
	return (other&-other)>>7 - 1, bits.TrailingZeros64(other) / 8
}

// inLower is the key of bytes, with letters in lower case. Setting bit 5 of
// every byte maps an underscore to DEL, which no word contains, and digits to
// themselves, so no two words share a key that are not the same word.
func inLower(x uint64) uint64 { return x | 0x20*ones }

// wordKey returns the key of a word.
func wordKey(text string) (head, tail uint64) {
	head = eight(text, 0)
	mask, _ := wordMask(head)
	head = inLower(head) & mask
	if len(text) > 8 {
		tail = inLower(load64(text, len(text)-8))
	}
	return head, tail
}

// find returns the entry for text, or nil.
func (t *wordTable) find(text string) *wordItem {
	head, tail := wordKey(text)
	return t.lookup(wordSlot(head, tail, len(text)), head, tail, text)
}

// lookup is find for text with that key, which is in no slot before that one.
func (t *wordTable) lookup(slot, head, tail uint64, text string) *wordItem {
	for k := t.slots[slot%wordSlots]; k != 0; k = t.slots[slot%wordSlots] {
		e := &t.items[k-1]
		if (e.head^head)|(e.tail^tail)|uint64(len(e.text)^len(text)) == 0 && (len(text) <= 16 || equalFold(text, e.text)) {
			return e
		}
		slot++
	}
	return nil
}

// wordSlot is where to look first for a key; the remainder by wordSlots counts.
func wordSlot(head, tail uint64, n int) uint64 {
	h := (head*wordMix1 ^ tail*wordMix2) + uint64(n)
	return h ^ h>>32
}

// add returns the entry for text, a new one where there is none.
func (t *wordTable) add(text string) *wordItem {
	if e := t.find(text); e != nil {
		return e
	}
	head, tail := wordKey(text)
	slot := wordSlot(head, tail, len(text))
	for t.slots[slot%wordSlots] != 0 {
		slot++
	}
	t.items = append(t.items, wordItem{head: head, tail: tail, text: text})
	t.slots[slot%wordSlots] = uint16(len(t.items))
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
