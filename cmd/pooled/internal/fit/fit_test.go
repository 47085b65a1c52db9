package fit

import (
	"strings"
	"testing"
)

func TestTextsFit(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Cut("abcdef", 6, "…"), "abcdef"}, {Cut("abcdef", 5, "…"), "abcd…"}, {Cut("ab cdef", 4, "…"), "ab…"}, {Cut("表のなまえ", 5, "…"), "表の…"},
		{Cut("abc", 0, "…"), ""}, {Cut("took 12345 ms", 9, "…"), "took…"},
		{Clean("a\x1b[31mb\nc\t d\u202e"), "a[31mb c d"},
		{strings.Join(Fold("aa bb cccccc", 5), "|"), "aa bb|ccccc|c"}, {strings.Join(Fold("", 5), "|"), ""},
		{strings.Join(Fold("x 1234567890 表のなまえ", 4), "|"), "x|1234|5678|90|表の|なま|え"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestOneLineIsForATerminal(t *testing.T) {
	if got := OneLine("failed:\n\ta \x1bb\nc"); got != "failed: a b; c" {
		t.Errorf("%q", got)
	}
}
