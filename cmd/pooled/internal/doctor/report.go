package doctor

import (
	"strings"

	"github.com/pooledsql/pooled"
)

// Report is what an examination found.
type Report struct {
	Server   string     `json:"server"` // where it is and who asked; no secret
	Findings []Finding  `json:"findings"`
	Settings []*Setting `json:"settings"`
}

// Setting is a setting of the pool as it is in effect, in the words of /config
// of package monitor.
type Setting struct {
	Name    string `json:"name"`
	Env     string `json:"env"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Source  string `json:"source"`
	Doc     string `json:"doc"`
}

// Set tells whether somebody set it: in the DSN, in the environment, in code.
func (s *Setting) Set() bool {
	return strings.HasPrefix(s.Source, "DSN") || strings.HasPrefix(s.Source, "environment ") || strings.HasPrefix(s.Source, "option ")
}

// Worst is the worst level of all findings.
func (r *Report) Worst() Level {
	worst := OK
	for _, f := range r.Findings {
		worst = max(worst, f.Level)
	}
	return worst
}

// Count tells how many findings have the level.
func (r *Report) Count(l Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == l {
			n++
		}
	}
	return n
}

func (r *Report) keep(settings []pooled.Setting) {
	for _, s := range settings {
		kept := Setting(s)
		r.Settings = append(r.Settings, &kept)
	}
}
