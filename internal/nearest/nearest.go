// Package nearest finds out which name was meant by one that there is not.
package nearest

import "strings"

// Of returns the known name that somebody who wrote name may have meant, or "".
func Of(name string, known []string) string {
	best, least := "", 2*(len(name)/2+1)
	for _, k := range known {
		d := 2 * edits(strings.ToLower(name), strings.ToLower(k))
		if name != "" && strings.HasPrefix(k, name) {
			d = min(d, 3) // cut short: a little farther than one letter
		}
		// Of two that are as near, the one with the same beginning was meant.
		if d < least || d == least && best != "" && best[0] != name[0] && k[0] == name[0] {
			best, least = k, d
		}
	}
	return best
}

// edits counts the bytes to insert, delete or replace to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
