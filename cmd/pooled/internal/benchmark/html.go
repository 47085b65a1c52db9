package benchmark

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed report.html.tmpl
var htmlText string

var htmlTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"ms": Millis, "n": Thousands, "ratio": ratio,
}).Parse(htmlText))

// HTML writes the report as one page that needs nothing else, not even a
// script.
func (r *Report) HTML(w io.Writer) error {
	return htmlTemplate.Execute(w, struct {
		*Report
		Charts []chart
	}{r, r.charts()})
}

// chart is one drawing: a pair of bars for each number of callers.
type chart struct {
	Title, Better string
	Conns         int
	Width, Height int
	Base          int // the y of the line on which bars stand
	Groups        []group
}

type group struct {
	Label string
	X     int // of its middle
	Bars  []bar
}

// bar has its place in the drawing, in pixels.
type bar struct {
	By          string
	X, Y, W, H  int
	Middle, Top int // where its figure is written
	Text        string
}

// The drawing, in pixels.
const (
	barWidth   = 56
	groupWidth = 2*barWidth + 34
	barHeight  = 150 // of the greatest
	headRoom   = 24
	footRoom   = 26
)

// charts draws throughput and p99 for each number of connections. Charts of
// the same figure have the same scale, so that they can be compared.
func (r *Report) charts() (out []chart) {
	for _, conns := range r.Conns {
		for _, figure := range []struct {
			title, better string
			of            func(Row) float64
			text          func(float64) string
		}{
			{"calls a second", "more is better", func(r Row) float64 { return r.PerSecond }, Thousands},
			{"p99", "less is better", func(r Row) float64 { return r.P99 }, Millis},
		} {
			most := 0.0
			for _, row := range r.Rows {
				most = max(most, figure.of(row))
			}
			c := chart{Title: figure.title, Better: figure.better, Conns: conns, Width: len(r.Callers) * groupWidth, Height: headRoom + barHeight + footRoom, Base: headRoom + barHeight}
			for i, callers := range r.Callers {
				g := group{Label: fmt.Sprintf("%d callers", callers), X: i*groupWidth + groupWidth/2}
				if callers == 1 {
					g.Label = "1 caller"
				}
				for _, row := range r.Rows {
					if row.Conns != conns || row.Callers != callers {
						continue
					}
					b := bar{By: row.By, W: barWidth, X: g.X - barWidth - 1, Text: figure.text(figure.of(row))}
					if row.By == namePooled {
						b.X = g.X + 1
					}
					if most > 0 {
						b.H = int(barHeight*figure.of(row)/most + 0.5)
					}
					b.Y, b.Middle = c.Base-b.H, b.X+barWidth/2
					b.Top = b.Y - 5
					g.Bars = append(g.Bars, b)
				}
				c.Groups = append(c.Groups, g)
			}
			out = append(out, c)
		}
	}
	return out
}
