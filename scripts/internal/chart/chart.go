// Package chart draws charts as SVG, for a page and for files of their own.
//
// Its stance: a chart is read first and looked at closer afterwards. Units
// stand on the axes, lines have their names and last values at their ends, and
// intervals are drawn wherever they are known. Nothing depends on colour alone:
// each look has a marker, too. Pointer and keyboard show the exact figure in a
// line below the chart, by style sheet alone. Scales and ticks are
// go-moremath's, as in x/perf. The SVG is an html/template, which escapes names
// and gives marks titles, classes and focus.
//
// Of ours it imports prose. The same input gives the same bytes: coordinates
// are rounded to a tenth.
package chart

// A Drawing is a chart: a Plot or Rows.
type Drawing interface {
	// draw lays out the chart for a width in CSS pixels.
	draw(width float64) *picture
}

// An Axis is a scale with its label.
type Axis struct {
	Label string // with the unit: "time per op"
	Log   bool   // only values above 0 have a place
	Base  int    // of the ticks, which are at its powers and their multiples: 0 for 10, 2 for bytes
	// Min and Max are the range of the scale, if Min < Max. Otherwise the data
	// give the range.
	Min, Max float64
	Zero     bool                 // a linear range begins at 0 or below
	Format   func(float64) string // a tick's value for a reader; nil for the plain number
	Ticks    []Tick               // instead of computed ones
}

// A Tick is a labelled value.
type Tick struct {
	At    float64
	Label string
}

// A Look is the colour and the marker of something drawn.
type Look struct {
	Class  string // a class of the style sheet: letters, digits and hyphens
	Marker Marker
}

// A Marker is the shape of a point.
type Marker int

// The shapes.
const (
	Circle Marker = iota
	Square
	Triangle
	Diamond
	Cross
	None
)

// A Span is an interval on an axis. The zero Span is no interval.
type Span struct {
	Low, High float64
	There     bool
}

// A Point is a figure.
type Point struct {
	X, Y     float64
	XIn, YIn Span   // the figure's intervals
	Says     string // the exact figure, for pointer, keyboard and screen reader
	Stopped  bool   // the line ends here for a reason; a bar shows it
	Dashed   bool   // the stretch to this point is less certain than the others
}

// A Line is a row of points, from left to right.
type Line struct {
	Look   Look
	Label  string // at its end
	Value  string // below the label: the last figure
	Note   string // below that: why the line ends there
	Points []Point
}

// A Rule is a reference line: a level line across a plot, at a value of Y, or
// an upright line across rows.
type Rule struct {
	At    float64
	Label string
}

// A Plot has points and lines over two axes.
type Plot struct {
	Title string
	About string // what it shows, for those who can't see it
	X, Y  Axis
	Rules []Rule
	Lines []Line
}

// Rows have one line for each thing compared: points with intervals, or bars.
type Rows struct {
	Title string
	About string
	X     Axis
	Rules []Rule // vertical ones
	Keys  []Key  // names of the columns, or of the parts of bars
	Rows  []Row
}

// A Key names a column of Rows, or a part of its bars.
type Key struct {
	Look  Look
	Part  Part
	Label string
}

// A Row is a line of Rows. It has points or bars.
type Row struct {
	Head  string // a heading above it, "" for none
	Label string
	Class string // of the label's text, "" for plain
	Cells []Cell
	Bars  []Bar  // end to end, a stack
	Total *Point // the stack's end, with its interval; nil for none
	Value string // at the end of the bars
}

// A Cell is a point in a row, and its value in the column of a key.
type Cell struct {
	Key   int // index of the key that gives its look
	Point Point
	Value string
}

// A Bar is a stretch of a row.
type Bar struct {
	Look     Look
	Part     Part
	From, To float64
	Says     string
}

// A Part is how a bar is drawn: a part of a stack, in its colour.
type Part int

// The parts.
const (
	Full Part = iota
	Half
	Outline // around the others; with an open end if it is cut at the axis's end
)

// Around is the axis with the range that it would have for the values. Several
// charts can share it.
func (a Axis) Around(values []float64) Axis {
	s := newScale(a, values, 0, 1)
	a.Min, a.Max = s.min, s.max
	return a
}
