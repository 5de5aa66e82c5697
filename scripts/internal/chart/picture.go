package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
)

// A picture is a chart laid out: it is what the template draws.
type picture struct {
	Title, About  string
	Width, Height float64
	Items         []item
	Marks         []mark
}

// A mark is a figure for pointer and keyboard.
type mark struct {
	Class string
	Says  string
	Items []item
	Tip   []item // where the exact figure appears; nil for below the chart
}

// An item is one shape. Kind is line, rect, path or text.
type item struct {
	Kind   string
	Class  string
	X, Y   float64
	X2, Y2 float64 // of a line; width and height of a rect
	D      string  // of a path
	Text   string
	Anchor string // start, middle or end
}

// The sizes of text in pixels, and the distance from line to line.
const (
	textSize = 12
	lineStep = 15
)

// textWidth is an estimate of a text's width, rather too wide: the reader's
// font is unknown.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		w += runeWidth(r)
	}
	return w
}

func runeWidth(r rune) float64 {
	switch {
	case strings.ContainsRune("iljtfrI.,:;'|![]() ", r):
		return 0.38 * textSize
	case strings.ContainsRune("mwMW@%", r):
		return 0.95 * textSize
	case r >= 0x2000, unicode.IsUpper(r):
		return 0.74 * textSize
	}
	return 0.62 * textSize
}

// fit cuts a text to a width.
func fit(s string, width float64) string {
	if textWidth(s) <= width {
		return s
	}
	left := width - runeWidth('…')
	for i, r := range s {
		if left -= runeWidth(r); left < 0 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// wrap breaks a text into at most most lines of a width. The last line is cut.
func wrap(s string, width float64, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if line != "" && textWidth(longer) > width && len(lines) < most-1 {
			lines = append(lines, fit(line, width))
			longer = word
		}
		line = longer
	}
	return append(lines, fit(line, width))
}

func (p *picture) add(items ...item) { p.Items = append(p.Items, items...) }

func line(class string, x, y, x2, y2 float64) item {
	return item{Kind: "line", Class: class, X: tenth(x), Y: tenth(y), X2: tenth(x2), Y2: tenth(y2)}
}

func text(class, anchor, s string, x, y float64) item {
	return item{Kind: "text", Class: class, Anchor: anchor, Text: s, X: tenth(x), Y: tenth(y)}
}

func rect(class string, x, y, w, h float64) item {
	return item{Kind: "rect", Class: class, X: tenth(x), Y: tenth(y), X2: max(0, tenth(w)), Y2: max(0, tenth(h))}
}

// tenth rounds to a tenth of a pixel.
func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// marker is a look's shape around a point.
func marker(l Look, x, y float64) item {
	x, y = tenth(x), tenth(y)
	var d string
	switch l.Marker {
	case Circle:
		d = fmt.Sprintf("M%g %ga4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", tenth(x-4), y)
	case Square:
		d = fmt.Sprintf("M%g %gh7v7h-7z", tenth(x-3.5), tenth(y-3.5))
	case Triangle:
		d = fmt.Sprintf("M%g %gl4.5 8h-9z", x, tenth(y-5))
	case Diamond:
		d = fmt.Sprintf("M%g %gl4.8 4.8l-4.8 4.8l-4.8 -4.8z", x, tenth(y-4.8))
	case Cross:
		d = fmt.Sprintf("M%g %gl7 7m0 -7l-7 7", tenth(x-3.5), tenth(y-3.5))
	}
	class := "dot"
	if l.Marker == Cross {
		class = "cross"
	}
	return item{Kind: "path", Class: class, D: d}
}

// spread moves things apart so that none covers another, and all lie between
// low and high if they fit. at are their places and heights their heights, in
// pixels. Each moves as little as one pass down and one pass up allow.
func spread(at, heights []float64, low, high float64) []float64 {
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(at[a], at[b]) })
	moved := slices.Clone(at)
	free := low
	for _, i := range order {
		moved[i] = max(moved[i], free)
		free = moved[i] + heights[i]
	}
	free = high
	for _, i := range slices.Backward(order) {
		moved[i] = min(moved[i], free-heights[i])
		free = moved[i]
	}
	return moved
}
