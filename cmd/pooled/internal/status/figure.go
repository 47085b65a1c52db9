package status

import (
	"fmt"
	"strconv"
	"time"
)

// count prints a number with commas, and a large one in millions (M) or
// thousands of millions (G).
func count(n uint64) string {
	unit := ""
	switch {
	case n >= 10_000_000_000:
		n, unit = n/1_000_000_000, "G"
	case n >= 10_000_000:
		n, unit = n/1_000_000, "M"
	}
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s + unit
}

// rate prints how often something happens in a second.
func rate(perSecond float64) string {
	switch {
	case perSecond == 0:
		return "0"
	case perSecond < 0.095:
		return "<0.1"
	case perSecond < 9.95:
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return count(uint64(perSecond + 0.5))
}

// millis prints a duration in at most seven columns; "-" for none.
func millis(ms float64) string {
	switch {
	case ms <= 0:
		return "-"
	case ms < 0.0995:
		return fmt.Sprintf("%.0f µs", ms*1000)
	case ms < 9.995:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 99.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	case ms < 9995:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms < 99950:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	d := (time.Duration(ms) * time.Millisecond).Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
