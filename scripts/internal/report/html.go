package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/prose"
)

//go:embed page.html.tmpl
var pageSource string

//go:embed page.css
var pageStyle string

//go:embed page.js
var script string

// The widths of charts, in CSS pixels: beside other charts, alone on a wide screen,
// and alone on a narrow screen.
const (
	panelWidth  = 360
	wideWidth   = 900
	narrowWidth = 340
)

// page is parsed at its first use, and so never in a worker: the one file is its own
// worker, and each garbage collection would mark the parsed templates, too.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(functions).Parse(pageSource))
})

var functions = template.FuncMap{
	"legible": prose.Legible,
	"inline":  chart.Inline,
	"id":      func(figure string, i int, form string) string { return fmt.Sprintf("%s-%d%s", figure, i+1, form) },
}

// HTML writes the page. Its error is the writer's.
func (r *Report) HTML(w io.Writer) error {
	style := chart.Style + pageStyle
	if r.several() { // tables have the columns of several files
		style += "@page { size: landscape; }\n@media print { .sortable { font-size: 5.5pt; } }\n"
	}
	var b strings.Builder
	err := page().Execute(&b, struct {
		*content
		Policy              string
		Style               template.CSS
		Script              template.JS
		Panel, Wide, Narrow float64
		Mark                template.HTML
	}{
		r.content(),
		"default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; img-src data:; base-uri 'none'; form-action 'none'",
		template.CSS(style), template.JS(script), panelWidth, wideWidth, narrowWidth, template.HTML(mark),
	})
	if err == nil {
		_, err = io.WriteString(w, commandline.Typed(b.String()))
	}
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// hash is a content security policy's name for an inline text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
