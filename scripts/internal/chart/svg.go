package chart

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"threadbench/scripts/internal/prose"
)

// Style is the style sheet of charts, for a page with charts. It sets variables
// for the colours, of contenders, of first to fourth, and of all else, such as
// --ink and --ground. The page may use them: they have values for light, dark
// and print.
var Style = colours + drawing

var (
	//go:embed colours.css
	colours string
	//go:embed chart.css
	drawing string
)

//go:embed chart.svg.tmpl
var source string

// drawn is parsed at its first use, for the heap of the one file's workers.
var drawn = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("chart").Funcs(template.FuncMap{
		"legible": prose.Legible,
		"tips":    tips,
	}).Parse(source))
})

// tipLines is the number of lines below a chart for the exact figure.
const tipLines = 2

// tips are where a mark's exact figure appears, by default below the chart.
func tips(p *picture, m mark) []item {
	if m.Tip != nil {
		return m.Tip
	}
	var lines []item
	for i, s := range wrap(prose.Legible(m.Says), p.Width, tipLines) {
		lines = append(lines, text("tip", "start", s, 0, p.Height+12+lineStep*float64(i)))
	}
	return lines
}

// below is the room that a picture needs for figures below it.
func below(p *picture) float64 {
	for _, m := range p.Marks {
		if m.Tip == nil {
			return tipLines*lineStep + 4
		}
	}
	return 0
}

// Inline is the chart as an element of an HTML page. The id must be unique in
// the page.
func Inline(d Drawing, id string, width float64) (template.HTML, error) {
	var b strings.Builder
	p := d.draw(width)
	err := drawn().ExecuteTemplate(&b, "inline", map[string]any{"ID": id, "Picture": p, "Height": tenth(p.Height + below(p))})
	if err != nil {
		return "", fmt.Errorf("drawing the chart %q: %w", p.Title, err)
	}
	return template.HTML(b.String()), nil
}

// A Sheet is charts in a file of their own.
type Sheet struct {
	Title   string
	About   string
	Columns int     // charts in a row, at least 1
	Width   float64 // of a chart
	Mark    string  // an XML comment that says who made the file, or ""
	Charts  []Drawing
}

// Write writes the sheet as an SVG file. Its error is the writer's.
func (s Sheet) Write(w io.Writer) error {
	const gap = 24
	type placed struct {
		X, Y    float64
		Picture *picture
	}
	columns := min(s.Columns, len(s.Charts))
	var all []placed
	y, tall := gap/2.0, 0.0
	for i, d := range s.Charts {
		if i%columns == 0 && i > 0 {
			y += tall + gap/2
			tall = 0
		}
		p := d.draw(s.Width)
		all = append(all, placed{gap/2 + float64(i%columns)*(s.Width+gap), tenth(y), p})
		tall = max(tall, p.Height+18)
	}
	err := drawn().ExecuteTemplate(w, "file", map[string]any{
		"Title": s.Title, "About": s.About, "Placed": all,
		"Width": tenth(float64(columns) * (s.Width + gap)), "Height": tenth(y + tall + gap/2),
		"Style": template.CSS(Style), "Mark": template.HTML(s.Mark),
	})
	if err != nil {
		return fmt.Errorf("writing the chart %q: %w", s.Title, err)
	}
	return nil
}
