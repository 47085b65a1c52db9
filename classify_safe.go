package pooled

import "strings"

// safeFunctions are functions of the user that a setting calls safe to run
// twice. They are looked up where a statement would be called unsafe, so those
// that call none of them pay nothing. A nil *safeFunctions has none.
type safeFunctions struct {
	names map[string]bool // by functionKey
}

// maxSafeFunctions bounds the list, maxFunctionName a name in it in bytes.
const (
	maxSafeFunctions = 200
	maxFunctionName  = 200
)

// newSafeFunctions returns nil for an empty list. Names that are none are left
// out; the settings have refused them before.
func newSafeFunctions(f Flavor, names []string) *safeFunctions {
	s := &safeFunctions{names: map[string]bool{}}
	for _, name := range names {
		if key, ok := functionKey(f, name); ok {
			s.names[key] = true
		}
	}
	if len(s.names) == 0 {
		return nil
	}
	return s
}

// has tells whether a call that is written like this is named. A name without
// a schema stands for calls without one and no others: which function those
// reach is up to the search path.
func (s *safeFunctions) has(f Flavor, written string) bool {
	if s == nil || len(written) > maxFunctionName {
		return false
	}
	key, ok := functionKey(f, written)
	return ok && s.names[key]
}

// functionKey brings a name with or without a schema to a form in which two
// are equal if the server takes them for the same. PostgreSQL folds what is not
// quoted. MySQL compares functions without regard to case, quoted or not, and
// may or may not do so with databases, so there the case must agree.
func functionKey(f Flavor, written string) (key string, ok bool) {
	var b strings.Builder
	for rest := written; ; {
		part, after, ok := functionPart(f, strings.TrimLeft(rest, " \t\r\n"), &b)
		if !ok {
			return "", false
		}
		rest = strings.TrimLeft(after, " \t\r\n")
		if rest == "" {
			text := b.String()
			if f == MySQL {
				text = text[:part] + lowerASCII(text[part:])
			}
			return text, true
		}
		if rest[0] != '.' || part > 0 {
			return "", false
		}
		rest = rest[1:]
		b.WriteByte(0) // which no name contains
	}
}

// lowerASCII leaves every byte alone that is not a letter of ASCII, so that no
// two names become one which the server may tell apart.
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// functionPart reads one name at the beginning of text, writes it to b, and
// returns where in b it begins and what follows it.
func functionPart(f Flavor, text string, b *strings.Builder) (begin int, rest string, ok bool) {
	begin = b.Len()
	quote := byte('"')
	if f == MySQL {
		quote = '`'
	}
	if text != "" && text[0] == quote {
		for i := 1; i < len(text); i++ {
			switch c := text[i]; {
			case c == quote && i+1 < len(text) && text[i+1] == quote:
				b.WriteByte(c)
				i++
			case c == quote:
				return begin, text[i+1:], b.Len() > begin
			case c < ' ':
				return 0, "", false
			default:
				b.WriteByte(c)
			}
		}
		return 0, "", false
	}
	i := 0
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= 'A' && c <= 'Z' && f == Postgres:
			c += 'a' - 'A'
		case c|0x20 >= 'a' && c|0x20 <= 'z', c == '_', c >= 0x80:
		case isDigit(c) || c == '$':
			if i == 0 {
				return 0, "", false
			}
		default:
			return begin, text[i:], i > 0
		}
		b.WriteByte(c)
	}
	return begin, "", i > 0
}

// splitNames cuts a list at its commas, but for those in quotes.
func splitNames(text string) (names []string) {
	from, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`':
			quote = c
		case c == ',':
			names = append(names, strings.TrimSpace(text[from:i]))
			from = i + 1
		}
	}
	return append(names, strings.TrimSpace(text[from:]))
}

// isFunctionList tells whether names can be the setting's value in one of the
// flavors.
func isFunctionList(names []string, flavors ...Flavor) bool {
	if len(names) > maxSafeFunctions {
		return false
	}
	for _, name := range names {
		good := false
		for _, f := range flavors {
			_, ok := functionKey(f, name)
			good = good || ok && len(name) <= maxFunctionName
		}
		if !good {
			return false
		}
	}
	return true
}
