package status

import "fmt"

// block is a list under a title.
type block struct {
	title  string
	head   []string // lines above the rows, such as the titles of columns
	rows   []string
	total  int // of which rows are the first; 0: all
	weight int // how many rows it gets at a time where room is short
}

// stack puts blocks below each other in so many lines. Each that has a row gets
// at least one, the first ones first; the room that is left goes around.
func stack(blocks []block, room int, s Style) []string {
	shown := make([]int, len(blocks))
	for i, b := range blocks {
		if least := 2 + len(b.head) + 1; len(b.rows) > 0 && least <= room { // an empty line, title, head, a row
			shown[i] = 1
			room -= least
		}
	}
	for given := true; given; {
		given = false
		for i, b := range blocks {
			for range b.weight {
				if room > 0 && shown[i] > 0 && shown[i] < len(b.rows) {
					shown[i]++
					room--
					given = true
				}
			}
		}
	}
	var lines []string
	for i, b := range blocks {
		if shown[i] == 0 {
			continue
		}
		n := fmt.Sprint(shown[i])
		if total := max(b.total, len(b.rows)); total > shown[i] {
			n += fmt.Sprintf(" of %d", total)
		}
		lines = append(lines, "", s.paint(Bold, b.title)+" "+s.paint(Dim, "("+n+")"))
		lines = append(lines, b.head...)
		lines = append(lines, b.rows[:shown[i]]...)
	}
	return lines
}
