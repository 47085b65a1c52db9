package pooled

import (
	"strings"
	"testing"
)

func TestWordStopsAgreeWithTheTableOfBytes(t *testing.T) {
	chars := &tablesOf(Postgres).chars
	for c := range 256 {
		for at := range 8 {
			for _, around := range []uint64{0, 'a' * ones, 0xff * ones, '$' * ones} {
				shift := 8 * at
				x := around&^(0xff<<shift) | uint64(c)<<shift
				if stops := wordStops(x)>>shift&0x80 != 0; stops == chars.word[c] {
					t.Fatalf("byte %#x at %d in %#x: stops a word: %v", c, at, x, stops)
				}
			}
		}
	}
}

func TestEveryWordIsFoundInAnyCase(t *testing.T) {
	for _, f := range []Flavor{Postgres, MySQL} {
		tables := tablesOf(f)
		for _, words := range []*wordTable{tables.words, tables.functions} {
			for i := range words.items[1:] {
				e := &words.items[i+1]
				for _, text := range []string{e.text, strings.ToUpper(e.text)} {
					if words.find(text) != e {
						t.Errorf("%s: %s is not found", f, text)
					}
					if head, _ := wordKey(text); len(text) < 8 && words == tables.words && words.short(head) != e.tokenSort {
						t.Errorf("%s: %s is not found by its head", f, text)
					}
				}
				if e := words.find(e.text + "_"); e != nil && !strings.HasSuffix(e.text, "_") {
					t.Errorf("%s: %s is found for another word", f, e.text)
				}
			}
		}
	}
}
