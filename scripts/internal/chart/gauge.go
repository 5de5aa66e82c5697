package chart

// A Gauge is a figure held against a bound: a point for each of those that were
// measured, with its interval, and a line at the bound. The side on which the
// bound is kept is tinted.
type Gauge struct {
	Title  string
	About  string // for those who don't see it: what it shows
	X      Axis
	Bound  float64
	Label  string // of the bound: "at least 2×"
	Least  bool   // the bound is kept at its right, else at its left
	Strips []Strip
}

// A Strip is a line of a Gauge.
type Strip struct {
	Label  string // above it, "" for none
	Value  string // the figure, at its end; "" for none
	Points []GaugePoint
}

// A GaugePoint is a figure of a Strip. Only its place, interval and Says count.
type GaugePoint struct {
	Look  Look
	Point Point
}

// What a Gauge's parts are high, in pixels.
const (
	gaugeTop   = 20 // the bound's label, and a point's exact figure in its place
	gaugeSide  = 24 // half a tick's label, at the ends of the axis
	stripLabel = 15
	stripTall  = 18
)

func (g Gauge) draw(width float64) *picture {
	pic := &picture{Title: g.Title, About: g.About, Width: width}
	xs := []float64{g.Bound}
	bottom := float64(gaugeTop)
	for _, s := range g.Strips {
		if s.Label != "" || s.Value != "" {
			bottom += stripLabel
		}
		bottom += stripTall
		for _, p := range s.Points {
			xs = p.Point.XIn.values(append(xs, p.Point.X))
		}
	}
	x := newScale(g.X, xs, gaugeSide, width-gaugeSide)
	if x.holds(g.Bound) {
		from, to := x.at(g.Bound), x.to
		if !g.Least {
			from, to = x.from, x.at(g.Bound)
		}
		pic.add(rect("kept", from, gaugeTop-2, to-from, bottom-gaugeTop+2))
	}
	bottomAxis(pic, x, x.from, x.to, gaugeTop-2, bottom, "")
	if x.holds(g.Bound) {
		at, anchor := x.at(g.Bound), "middle"
		switch half := textWidth(g.Label) / 2; {
		case at < half:
			at, anchor = 0, "start"
		case at > width-half:
			at, anchor = width, "end"
		}
		pic.add(line("rule", x.at(g.Bound), gaugeTop-4, x.at(g.Bound), bottom), text("rule", anchor, g.Label, at, 12))
	}
	at := float64(gaugeTop)
	for _, s := range g.Strips {
		if s.Label != "" || s.Value != "" {
			value := fit(s.Value, 0.8*width)
			pic.add(text("label", "start", fit(s.Label, width-textWidth(value)-8), 0, at+11), text("value", "end", value, width, at+11))
			at += stripLabel
		}
		for _, p := range s.Points {
			if !x.holds(p.Point.X) {
				continue
			}
			pic.point(p.Point, p.Look, x, flat(at+stripTall/2), hitSize)
			if p.Point.Says != "" {
				pic.Marks[len(pic.Marks)-1].Tip = []item{rect("tip box", 0, 0, width, gaugeTop-4), text("tip", "start", fit(p.Point.Says, width-8), 4, 12)}
			}
		}
		at += stripTall
	}
	pic.Height = bottom + 22
	return pic
}
