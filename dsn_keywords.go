package pooled

import "strings"

const keywordSpace = " \t\n\r\v\f"

func isKeywordSpace(b byte) bool { return strings.IndexByte(keywordSpace, b) >= 0 }

// isKeywords tells whether dsn begins like keyword = value.
func isKeywords(dsn string) bool {
	dsn = strings.TrimLeft(dsn, keywordSpace)
	i := 0
	for i < len(dsn) && isWordByte(dsn[i]) {
		i++
	}
	return i > 0 && strings.HasPrefix(strings.TrimLeft(dsn[i:], keywordSpace), "=")
}

// splitKeywords takes the pool's pairs out of a keyword/value string. One
// space goes with each pair, so that what remains is what was there before
// the pair was put in.
func splitKeywords(dsn string) (rest string, found []dsnParam) {
	var kept strings.Builder
	done := 0 // dsn[:done] is in kept or was taken out
	for at := 0; ; {
		pair, ok := nextKeyword(dsn, at)
		if !ok {
			return dsn, nil
		}
		if pair.start == len(dsn) {
			break
		}
		if isPoolName(pair.name) {
			found = append(found, dsnParam{name: pair.name, value: pair.value})
			before, after := dsn[done:pair.start], pair.end
			spaceAfter := after == len(dsn) || isKeywordSpace(dsn[after])
			switch {
			case before != "" && isKeywordSpace(before[len(before)-1]) && spaceAfter:
				before = before[:len(before)-1]
			case before == "" && kept.Len() == 0 && after < len(dsn) && spaceAfter:
				after++
			}
			kept.WriteString(before)
			done = after
		}
		at = max(pair.end, done)
	}
	if len(found) == 0 {
		return dsn, nil
	}
	return kept.String() + dsn[done:], found
}

// dsnPair is one pair of a keyword/value string, dsn[start:end].
type dsnPair struct {
	name, value string
	start, end  int
}

// nextKeyword reads the pair that begins at or after dsn[i:], as libpq does:
// spaces around = are allowed, a backslash takes the next sign as it is,
// quoted or not. At the end of the string start is len(dsn). It answers false
// where libpq would find a syntax error.
func nextKeyword(dsn string, i int) (k dsnPair, ok bool) {
	skip := func() {
		for i < len(dsn) && isKeywordSpace(dsn[i]) {
			i++
		}
	}
	skip()
	k.start = i
	if i == len(dsn) {
		return k, true
	}
	for i < len(dsn) && dsn[i] != '=' && !isKeywordSpace(dsn[i]) {
		i++
	}
	k.name = dsn[k.start:i]
	skip()
	if k.name == "" || i == len(dsn) || dsn[i] != '=' {
		return k, false
	}
	i++
	skip()
	quoted := i < len(dsn) && dsn[i] == '\''
	if quoted {
		i++
	}
	var value strings.Builder
	for ; i < len(dsn); i++ {
		b := dsn[i]
		if quoted && b == '\'' || !quoted && isKeywordSpace(b) {
			break
		}
		if b == '\\' {
			i++
			if i == len(dsn) {
				break
			}
			b = dsn[i]
		}
		value.WriteByte(b)
	}
	if quoted {
		if i == len(dsn) {
			return k, false
		}
		i++
	}
	k.value, k.end = value.String(), i
	return k, true
}
