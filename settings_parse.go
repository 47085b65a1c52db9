package pooled

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// parse reads the text of a setting into c. It returns "" or the reason why
// the text is refused; c is then as it was.
func (s *settingSpec) parse(c *Config, text string) (reason string, ok bool) {
	switch s.kind {
	case kindInt, kindDuration:
		if s.auto {
			if low, high, ok := parseAuto(text); ok {
				if high != 0 && (int64(low) < s.min || low > high || int64(high) > s.max) {
					return "", false
				}
				c.AutoMinConns, c.MaxConns = low, high
				return "", true
			}
		}
		v, reason := s.parseNumber(text)
		if reason != "" {
			return reason, false
		}
		if v != Off && (v < s.min || v > s.max) {
			return "", false
		}
		s.setNumber(c, v)
		if s.auto {
			c.AutoMinConns = 0
		}
	case kindBool:
		on, known := parseSwitch(text)
		if !known {
			return "", false
		}
		*s.at(c).(*bool) = on != s.negated
	case kindEnum:
		if !slices.Contains(s.words, text) {
			return "", false
		}
		s.setText(c, text)
	case kindList:
		if text == "off" {
			s.setText(c, "")
			break
		}
		// Which flavor it is will be known later: checkValues looks again.
		if !isFunctionList(splitNames(text), Postgres, MySQL) {
			return "", false
		}
		s.setText(c, text)
	case kindString, kindDSN:
		if !s.goodText(text) {
			return "", false
		}
		s.setText(c, text)
	}
	return "", true
}

// parseNumber reads a number or a duration; off becomes Off. The caller
// compares what it returns with the bounds.
func (s *settingSpec) parseNumber(text string) (v int64, reason string) {
	if text == "" {
		return 0, "the value is empty"
	}
	if text == "off" {
		if !s.off {
			return 0, "this setting cannot be off"
		}
		return Off, ""
	}
	n, notWhole := strconv.ParseInt(text, 10, 64)
	switch {
	case s.kind == kindInt && notWhole != nil:
		return 0, "a whole number is wanted"
	case s.kind == kindInt:
		v = n
	default:
		d, err := time.ParseDuration(text)
		switch {
		case err == nil:
			v = int64(d)
		case notWhole == nil:
			return 0, "a duration needs a unit, such as " + text + "s"
		default:
			return 0, "a duration is written like 90s, 1m30s or 500ms"
		}
	}
	switch {
	case v < 0:
		// Not left to the bounds, for -1 there means Off.
		return 0, "it is negative"
	case v == 0 && s.zero:
		return Off, ""
	case v == 0 && s.off:
		return 0, `0 could mean always or never; "off" means never`
	}
	return v, ""
}

// autoRange begins what pool_max_conns says when it has bounds.
const autoRange = "auto:"

// autoLow is the lowest limit of "auto". One would be too few for a program
// that asks for a second connection while it holds the first.
const autoLow = 2

// parseAuto reads "auto", with a high of 0 for the profile's default, or
// "auto:LOW-HIGH".
func parseAuto(text string) (low, high int, ok bool) {
	if text == "auto" {
		return autoLow, 0, true
	}
	bounds, ok := strings.CutPrefix(text, autoRange)
	from, to, both := strings.Cut(bounds, "-")
	low, lowErr := strconv.Atoi(from)
	high, highErr := strconv.Atoi(to)
	return low, high, ok && both && lowErr == nil && highErr == nil && high != 0
}

// parseSwitch reads on or off, and what people write instead.
func parseSwitch(text string) (on, known bool) {
	switch strings.ToLower(text) {
	case "on", "true", "yes", "1":
		return true, true
	case "off", "false", "no", "0":
		return false, true
	}
	return false, false
}

// goodText tells whether a text is one that the setting takes.
func (s *settingSpec) goodText(text string) bool {
	if s.kind == kindDSN {
		_, found := splitDSN(text)
		return text != "" && found == nil
	}
	if !s.table {
		return isName(text, int(s.max))
	}
	for part := range strings.SplitSeq(text, ".") {
		if part == "" {
			return false
		}
	}
	odd := func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.'
	}
	return len(text) <= int(s.max) && strings.Count(text, ".") < 2 && !strings.ContainsFunc(text, odd)
}

// isName tells whether text may name a pool. The sign = is not in it, so that
// a slip in a keyword/value string (pool_name= password=...) cannot put a
// password where names are printed.
func isName(text string, limit int) bool {
	if text == "" || len(text) > limit || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !isNameRune(r) {
			return false
		}
	}
	return true
}

func isNameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._-/:@", r)
}

// shown is shown for a value of the setting.
func (s *settingSpec) shown(text string) string {
	if s.kind == kindDSN {
		return hidden
	}
	if bounds, ok := strings.CutPrefix(text, autoRange); s.auto && ok && strings.Trim(bounds, "0123456789-") == "" && len(text) <= 40 {
		return strconv.Quote(text)
	}
	return shown(text)
}

// hidden stands for a value that is not shown.
const hidden = "(not shown)"

// shown returns a value for an error message, or a remark in its place when
// it could be something else that a slip of the pen put there: a piece of a
// DSN, a password.
func shown(text string) string {
	if len(text) > 40 {
		return hidden
	}
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ._-+,%", r) {
			return hidden
		}
	}
	return strconv.Quote(text)
}
