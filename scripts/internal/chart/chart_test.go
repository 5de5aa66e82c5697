package chart

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	blue = Look{"blue", Circle}
	red  = Look{"red", Square}
)

// plot has everything that a plot can have.
func plot() Plot {
	return Plot{
		Title: "A plot", About: "Two lines.",
		X:     Axis{Label: "tasks", Log: true},
		Y:     Axis{Label: "time per task", Zero: true, Format: func(v float64) string { return fmt.Sprintf("%g ns", v) }},
		Rules: []Rule{{At: 15, Label: "bound"}},
		Lines: []Line{
			{Look: blue, Label: "first", Value: "12 ns", Points: []Point{
				{X: 1, Y: 10, YIn: Span{9, 12, true}, Says: "first, 1: 10 ns"}, {X: 1000, Y: 12, Says: "first, 1000: 12 ns"},
			}},
			{Look: red, Label: "second", Value: "13 ns", Note: "kernel.pid_max 32768", Points: []Point{
				{X: 1, Y: 30, XIn: Span{0.9, 1.2, true}, Says: "second, 1: 30 ns"}, {X: 10, Y: 20}, {X: 100, Y: 13, Stopped: true, Dashed: true, Says: "second, 100: 13 ns"},
			}},
			{Look: Look{"green", Diamond}, Label: "nowhere", Points: []Point{{X: -1, Y: 3}}},
		},
	}
}

// rows have points, bars have stacks.
func rows() Rows {
	return Rows{
		Title: "Rows", About: "Factors.", X: Axis{Label: "times", Log: true}, Rules: []Rule{{At: 1, Label: "same"}},
		Keys: []Key{{Look: blue, Label: "first"}, {Look: red, Label: "second"}},
		Rows: []Row{
			{Head: "Group", Label: "one", Cells: []Cell{{0, Point{X: 2, XIn: Span{1.5, 3, true}, Says: "first: 2"}, "2.00×"}, {1, Point{X: 40, Says: "second: 40"}, "40.0×"}}},
			{Label: "two", Cells: []Cell{{1, Point{X: 0.5, Says: "second: 0.5"}, "0.500×"}}},
			{Label: "three"},
		},
	}
}

func bars() Rows {
	return Rows{
		Title: "Bars", About: "Bytes.", X: Axis{Label: "bytes", Zero: true, Base: 2, Min: 0, Max: 4200},
		Keys: []Key{{Look: Look{Class: "grey"}, Label: "user"}, {Look: Look{Class: "grey"}, Part: Half, Label: "kernel"}, {Look: Look{Class: "grey"}, Part: Outline, Label: "reserved"}},
		Rows: []Row{{Label: "task", Class: "blue", Value: "4 KiB", Total: &Point{X: 4000, XIn: Span{3900, 4100, true}}, Bars: []Bar{
			{Look: blue, Part: Outline, To: 1 << 20, Says: "reserved: 1 MiB"}, {Look: blue, To: 3000, Says: "user: 3000 B"}, {Look: blue, Part: Half, From: 3000, To: 4000, Says: "kernel: 1000 B"},
		}}},
	}
}

// TestGolden compares a file of charts, and a chart in a page, with their
// golden files.
func TestGolden(t *testing.T) {
	var file bytes.Buffer
	sheet := Sheet{Title: "All", About: "Each kind of chart.", Columns: 2, Width: 360, Mark: "<!-- a mark -->", Charts: []Drawing{plot(), bars(), rows()}}
	if err := sheet.Write(&file); err != nil {
		t.Fatal(err)
	}
	inline, err := Inline(rows(), "id", 700)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"sheet.svg": file.String(), "inline.svg": string(inline)} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got; -update if it is meant):\n%s", name, d)
		}
	}
}

// parsed fails unless the text is one element of XML without an odd number,
// such as NaN, in it.
func parsed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			if strings.Contains("x y x1 y1 x2 y2 d width height viewBox transform points", a.Name.Local) && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")) {
				t.Errorf("%s of %s is %q", a.Name.Local, e.Name.Local, a.Value)
			}
		}
	}
}

// TestOddFigures draws figures that have no place on an axis, and figures far
// away.
func TestOddFigures(t *testing.T) {
	odd := []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e100, -1e100, 1e-100, 1e12, 5}
	for _, log := range []bool{false, true} {
		for i := range odd {
			p := Plot{Title: "odd", X: Axis{Log: log}, Y: Axis{Log: log, Zero: true}, Rules: []Rule{{At: odd[i]}}}
			r := Rows{Title: "odd", X: Axis{Log: log}, Rules: []Rule{{At: odd[i]}}, Keys: []Key{{Look: red, Label: "odd"}}}
			for _, set := range [][]float64{odd[i : i+1], odd[i:], odd[:i]} {
				l := Line{Look: blue, Label: "odd"}
				for k, v := range set {
					of := Span{v, odd[(i+k)%len(odd)], true}
					l.Points = append(l.Points, Point{X: v, Y: odd[(i+k)%len(odd)], XIn: of, YIn: of, Says: "odd", Dashed: k%2 == 1})
					r.Rows = append(r.Rows, Row{Cells: []Cell{{0, Point{X: v, XIn: of, Says: "odd"}, "odd"}}, Bars: []Bar{{Look: red, From: v, To: of.High}, {Look: red, To: v, Part: Outline}}, Total: &Point{X: v, XIn: of}})
				}
				p.Lines = append(p.Lines, l, Line{Look: red})
			}
			for _, d := range []Drawing{p, r} {
				svg, err := Inline(d, "odd", 360)
				if err != nil {
					t.Fatal(err)
				}
				parsed(t, string(svg))
			}
		}
	}
}

// TestMarkup has names with markup, control characters and invalid UTF-8, and
// long names.
func TestMarkup(t *testing.T) {
	for _, name := range []string{`</title><script>alert(1)</script>`, `"><g onload="x()">`, "]]>", "&lt;", "\x00\x01\x1f", "\xff\xfe", "\u202eabc", "\uffff", strings.Repeat("long ", 1000), "{{.}}", "-->"} {
		p, r := plot(), rows()
		p.Title, p.About, p.X.Label, p.Y.Label = name, name, name, name
		p.Lines[0].Label, p.Lines[0].Value, p.Lines[0].Note, p.Lines[0].Points[0].Says, p.Rules[0].Label = name, name, name, name, name
		r.Rows[0].Label, r.Rows[0].Head, r.Rows[0].Value, r.Rows[0].Cells[0].Value = name, name, name, name
		var b bytes.Buffer
		if err := (Sheet{Title: name, About: name, Columns: 1, Width: 360, Charts: []Drawing{p, r}}).Write(&b); err != nil {
			t.Fatal(err)
		}
		inline, err := Inline(p, "id", 360)
		if err != nil {
			t.Fatal(err)
		}
		for _, svg := range []string{b.String(), string(inline)} {
			parsed(t, svg)
			for _, bad := range []string{"<script", "<g onload", "\u202e"} {
				if strings.Contains(svg, bad) {
					t.Errorf("the name %q makes %q", name, bad)
				}
			}
		}
	}
}

func TestScale(t *testing.T) {
	for _, test := range []struct {
		name   string
		axis   Axis
		values []float64
		most   int
		ticks  string
	}{
		{"decades", Axis{Log: true}, []float64{1.2, 900}, 8, "1 10 100 1000"},
		{"thinned", Axis{Log: true}, []float64{1e-9, 1e9}, 5, "1e-08 0.0001 1 10000 1e+08"},
		{"within a decade", Axis{Log: true}, []float64{110, 130}, 8, "50 100 200 500"},
		{"one value", Axis{Log: true}, []float64{7}, 8, "2 5 10 20"},
		{"linear from 0", Axis{Zero: true}, []float64{0.3, 1.02}, 8, "0 0.5 1"},
		{"bytes", Axis{Zero: true, Base: 2}, []float64{3, 40000}, 8, "0 8192 16384 24576 32768 40960"},
		{"all alike", Axis{}, []float64{5}, 8, "4.8 4.9 5 5.1 5.2"},
		{"nothing", Axis{}, nil, 8, "0 0.5 1"},
		{"nothing, logarithmic", Axis{Log: true}, []float64{-1, 0}, 8, "1 10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScale(test.axis, test.values, 100, 200)
			var labels []string
			last := math.Inf(-1)
			for _, tick := range s.ticks(test.most) {
				if at := s.at(tick.At); at < 99.99 || at > 200.01 || at <= last {
					t.Errorf("the tick %v is at %v, after %v", tick.At, at, last)
				}
				last = s.at(tick.At)
				if tick.Label != "" {
					labels = append(labels, tick.Label)
				}
			}
			if got := strings.Join(labels, " "); got != test.ticks {
				t.Errorf("ticks %s, want %s", got, test.ticks)
			}
			for _, v := range test.values {
				if s.holds(v) && (v < s.min || v > s.max) {
					t.Errorf("%v is beyond %v to %v", v, s.min, s.max)
				}
			}
		})
	}
}

// TestPlaces: a figure at a tick's value lies at that tick.
func TestPlaces(t *testing.T) {
	values := []float64{1, 10, 100, 1000}
	for _, log := range []bool{true, false} {
		ticks := []Tick{}
		for _, v := range values {
			ticks = append(ticks, Tick{At: v, Label: fmt.Sprint(v)})
		}
		axis := Axis{Log: log, Ticks: ticks}
		var line Line
		var of Row
		for i, v := range values {
			line.Points = append(line.Points, Point{X: v, Y: values[(i+1)%len(values)], Says: "says"})
			of.Cells = append(of.Cells, Cell{0, Point{X: v, Says: "says"}, ""})
			of.Bars = append(of.Bars, Bar{Look: blue, From: values[0], To: v, Says: "says"})
		}
		line.Look = blue
		pics := map[string]*picture{
			"plot": Plot{X: axis, Y: axis, Lines: []Line{line}}.draw(600),
			"rows": Rows{X: axis, Keys: []Key{{Look: blue}}, Rows: []Row{{Cells: of.Cells}}}.draw(600),
			"bars": Rows{X: axis, Keys: []Key{{Look: blue}}, Rows: []Row{{Bars: of.Bars}}}.draw(600),
		}
		for name, pic := range pics {
			across, up := map[string]float64{}, map[string]float64{}
			for _, it := range pic.Items {
				switch {
				case it.Class == "tick" && it.Anchor == "middle":
					across[it.Text] = it.X
				case it.Class == "tick" && it.Anchor == "end":
					up[it.Text] = it.Y - 4 // from the letters' base to their middle
				}
			}
			if len(across) != 4 || len(pic.Marks) != 4 || name == "plot" && len(up) != 4 {
				t.Fatalf("%s, log %v: %d and %d ticks, %d marks, want 4", name, log, len(across), len(up), len(pic.Marks))
			}
			for i, m := range pic.Marks {
				x := across[fmt.Sprint(values[i])]
				for _, it := range m.Items {
					var px, py float64
					switch {
					case strings.HasPrefix(it.Class, "bar ") && math.Abs(it.X2-(x-across["1"])) > .2:
						t.Errorf("%s, log %v: the bar to %v is %v wide, want %v", name, log, values[i], it.X2, x-across["1"])
					case it.Class == "dot":
						if _, err := fmt.Sscanf(it.D, "M%g %ga4", &px, &py); err != nil {
							t.Fatal(err)
						}
						if math.Abs(px+4-x) > .2 || name == "plot" && math.Abs(py-up[fmt.Sprint(values[(i+1)%len(values)])]) > .2 {
							t.Errorf("%s, log %v: figure %d lies at %v, %v; its ticks at %v, %v", name, log, i, px+4, py, x, up)
						}
					}
				}
			}
		}
	}
}

func TestSpread(t *testing.T) {
	for _, tt := range []struct{ at, heights []float64 }{
		{[]float64{5}, []float64{20}},
		{[]float64{10, 10, 10}, []float64{20, 40, 30}},
		{[]float64{90, 91, 99, 100}, []float64{20, 20, 20, 40}},
		{[]float64{0, 100}, []float64{50, 50}},
		{[]float64{30, 20, 25, 40}, []float64{25, 25, 25, 25}},
	} {
		got := spread(tt.at, tt.heights, 0, 100)
		for i := range got {
			if got[i] < 0 || got[i]+tt.heights[i] > 100 {
				t.Errorf("%v: %v is beyond the ends", tt.at, got)
			}
			for j := range got[:i] {
				if got[i] < got[j]+tt.heights[j] && got[j] < got[i]+tt.heights[i] {
					t.Errorf("%v: of %v two cover each other", tt.at, got)
				}
			}
		}
	}
	if d := cmp.Diff([]float64{20, 60}, spread([]float64{20, 60}, []float64{30, 30}, 0, 100)); d != "" {
		t.Errorf("labels apart were moved: %s", d)
	}
}

// TestLabels: names of many lines that end at one place don't cover each other,
// and the plot is tall enough for them.
func TestLabels(t *testing.T) {
	var p Plot
	for range 6 {
		p.Lines = append(p.Lines, Line{Look: red, Label: "name", Value: "1 ns", Note: "kernel.pid_max 32768, the limit of this machine", Points: []Point{{X: 1, Y: 1}}})
	}
	pic := p.draw(360)
	var ys []float64
	for _, it := range pic.Items {
		if strings.HasPrefix(it.Class, "label") {
			ys = append(ys, it.Y)
		}
	}
	if len(ys) != 6*4 {
		t.Fatalf("%d lines of labels, want 4 for each of 6", len(ys))
	}
	slices.Sort(ys)
	for i, y := range ys {
		if i > 0 && y-ys[i-1] < textSize {
			t.Errorf("lines at %v and %v cover each other", ys[i-1], y)
		}
		if y < textSize || y > pic.Height {
			t.Errorf("a line at %v is beyond the picture, 0 to %v", y, pic.Height)
		}
	}
}

func TestWrap(t *testing.T) {
	lines := wrap(strings.Repeat("word ", 100), 100, 2)
	if len(lines) != 2 || !strings.HasSuffix(lines[1], "…") {
		t.Errorf("lines %q, want two, the last one cut", lines)
	}
	for _, l := range lines {
		if textWidth(l) > 100 {
			t.Errorf("%q is wider than 100", l)
		}
	}
}
