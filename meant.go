package pooled

import "github.com/pooledsql/pooled/internal/nearest"

// didYouMean returns a sentence for a name that is not known, with the
// nearest known one if one is near.
func didYouMean(name string, known []string) string {
	best := nearest.Of(name, known)
	if best == "" {
		return "no such setting"
	}
	return "no such setting, did you mean " + best + "?"
}
