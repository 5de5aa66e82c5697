package chart

import (
	"fmt"
	"math"
	"strings"
)

// plotHeight is the height of a plot between its axes.
const plotHeight = 190

// noteLines is how many lines a line's note may take.
const noteLines = 2

func (p Plot) draw(width float64) *picture {
	pic := &picture{Title: p.Title, About: p.About, Width: width}
	var xs, ys []float64
	beside := 8.0 // width of the labels at the lines' ends
	for _, l := range p.Lines {
		for _, s := range append(strings.Fields(l.Note), l.Label, l.Value) {
			beside = max(beside, textWidth(s)+20)
		}
		for _, pt := range l.Points {
			xs, ys = append(xs, pt.X), append(ys, pt.Y)
			xs, ys = pt.XIn.values(xs), pt.YIn.values(ys)
		}
	}
	for _, r := range p.Rules {
		ys = append(ys, r.At)
	}
	beside = min(beside, width/2.6)
	tall := 0.0 // of all labels
	for _, l := range p.Lines {
		tall += l.labelHeight(beside - labelGap)
	}
	top := 26.0
	bottom := top + max(plotHeight, tall)
	y := newScale(p.Y, ys, bottom, top)
	left := 0.0
	yTicks := y.ticks(8)
	for _, t := range yTicks {
		left = max(left, textWidth(t.Label))
	}
	left = min(left, width/4) + 12
	right := width - beside
	x := newScale(p.X, xs, left, right)

	pic.add(text("axis", "start", fit(p.Y.Label, width), 0, 11))
	for _, t := range yTicks {
		at := y.at(t.At)
		if t.Label == "" {
			pic.add(line("grid", left-4, at, left, at))
			continue
		}
		pic.add(line("grid", left-4, at, right, at), text("tick", "end", fit(t.Label, left-8), left-8, at+4))
	}
	bottomAxis(pic, x, left, right, top, bottom, p.X.Label)
	for _, r := range p.Rules {
		if y.holds(r.At) {
			pic.add(line("rule", left, y.at(r.At), right, y.at(r.At)), text("rule", "start", r.Label, left+4, y.at(r.At)-5))
		}
	}
	p.lines(pic, x, y)
	pic.Height = bottom + 41
	return pic
}

func (p Plot) lines(pic *picture, x, y scale) {
	var ends []float64
	for _, l := range p.Lines {
		var d, dashed strings.Builder
		begun := false
		var before, last Point
		for _, pt := range l.Points {
			if !x.holds(pt.X) || !y.holds(pt.Y) {
				continue
			}
			px, py := tenth(x.at(pt.X)), tenth(y.at(pt.Y))
			to := fmt.Sprintf("L%g %g", px, py)
			switch {
			case !begun:
				fmt.Fprintf(&d, "M%g %g", px, py)
			case pt.Dashed:
				fmt.Fprintf(&dashed, "M%g %g%s", tenth(x.at(before.X)), tenth(y.at(before.Y)), to)
				fmt.Fprintf(&d, "M%g %g", px, py)
			default:
				d.WriteString(to)
			}
			begun, before, last = true, pt, pt
		}
		if !begun {
			ends = append(ends, math.NaN())
			continue
		}
		if strings.ContainsAny(d.String(), "LH") { // a single point makes no line
			pic.add(item{Kind: "path", Class: "line " + l.Look.Class, D: d.String()})
		}
		if dashed.Len() > 0 {
			pic.add(item{Kind: "path", Class: "line dashed " + l.Look.Class, D: dashed.String()})
		}
		for _, pt := range l.Points {
			if x.holds(pt.X) && y.holds(pt.Y) {
				pic.point(pt, l.Look, x, y, hitSize)
			}
		}
		ends = append(ends, y.at(last.Y))
	}
	p.labels(pic, x, y, ends)
}

// texts are the lines of a line's label.
func (l Line) texts(room float64) []string {
	var all []string
	for _, s := range []string{l.Label, l.Value} {
		if s != "" {
			all = append(all, fit(s, room))
		}
	}
	if l.Note != "" {
		all = append(all, wrap(l.Note, room, noteLines)...)
	}
	return all
}

// labelGap is the gap between the end of a plot and the labels beside it.
const labelGap = 14

// labelHeight is the height of a line's label, with the space below it.
func (l Line) labelHeight(room float64) float64 {
	return float64(len(l.texts(room)))*(lineStep-1) + 4
}

// labels writes each line's name beside its end. ends are the heights of the
// lines' ends, NaN for lines without a place on the axes.
func (p Plot) labels(pic *picture, x, y scale, ends []float64) {
	room := pic.Width - x.to - labelGap
	var at, heights []float64
	var of []int
	for i, e := range ends {
		if height := p.Lines[i].labelHeight(room); !math.IsNaN(e) {
			at, heights, of = append(at, e-height/2), append(heights, height), append(of, i)
		}
	}
	at = spread(at, heights, y.to, y.from)
	for k, i := range of {
		l := p.Lines[i]
		if l.Label == "" {
			continue
		}
		end := 0.0 // of the last point
		for _, pt := range l.Points {
			if x.holds(pt.X) && y.holds(pt.Y) {
				end = x.at(pt.X)
			}
		}
		pic.add(line("leader", end+6, ends[i], max(end+6, x.to+4), ends[i]))
		pic.add(line("leader", x.to+4, ends[i], x.to+11, at[k]+7))
		row := at[k] + 11
		for n, s := range l.texts(room) {
			class := "label " + l.Look.Class
			if n > 0 {
				class += " small"
			}
			pic.add(text(class, "start", s, x.to+labelGap-1, row))
			row += lineStep - 1
		}
	}
}

// hitSize is the width of the area in which a pointer meets a point, and its
// height where there is room.
const hitSize = 16

// point adds a point with its intervals, and a bar if the line was stopped
// there. tall is the height of the area in which a pointer meets the point.
func (p *picture) point(pt Point, l Look, x, y scale, tall float64) {
	px, py := x.at(pt.X), y.at(pt.Y)
	m := mark{Class: l.Class, Says: pt.Says}
	if pt.XIn.There && x.holds(pt.XIn.Low) && x.holds(pt.XIn.High) {
		low, high := x.at(pt.XIn.Low), x.at(pt.XIn.High)
		m.Items = append(m.Items, line("interval", low, py, high, py), line("interval", low, py-3, low, py+3), line("interval", high, py-3, high, py+3))
	}
	if pt.YIn.There && y.holds(pt.YIn.Low) && y.holds(pt.YIn.High) {
		low, high := y.at(pt.YIn.Low), y.at(pt.YIn.High)
		m.Items = append(m.Items, line("interval", px, low, px, high), line("interval", px-3, low, px+3, low), line("interval", px-3, high, px+3, high))
	}
	if l.Marker != None {
		m.Items = append(m.Items, marker(l, px, py))
	}
	if pt.Stopped {
		m.Items = append(m.Items, line("stopped", px+7, py-8, px+7, py+8))
	}
	if pt.Says == "" {
		for _, it := range m.Items {
			it.Class += " " + l.Class
			p.add(it)
		}
		return
	}
	m.Items = append(m.Items, rect("hit", px-hitSize/2, py-tall/2, hitSize, tall))
	p.Marks = append(p.Marks, m)
}

// values adds an interval's ends to other values.
func (s Span) values(to []float64) []float64 {
	if s.There {
		to = append(to, s.Low, s.High)
	}
	return to
}

// bottomAxis draws the grid and the labels of a horizontal axis.
func bottomAxis(pic *picture, x scale, left, right, top, bottom float64, label string) {
	for _, t := range x.readable(pic.Width) {
		at := x.at(t.At)
		if t.Label == "" {
			pic.add(line("grid", at, bottom, at, bottom+4))
			continue
		}
		pic.add(line("grid", at, top, at, bottom+4), text("tick", "middle", t.Label, at, bottom+18))
	}
	pic.add(text("axis", "end", fit(label, right), right, bottom+34))
}
