package chart

import "fmt"

// tallest is the greatest height of a chart below which a figure is still in
// sight.
const tallest = 560

// sideBySide is the width from which labels stand beside their rows; on
// narrower charts they stand above.
const sideBySide = 560

func (r Rows) draw(width float64) *picture {
	pic := &picture{Title: r.Title, About: r.About, Width: width}
	var xs []float64
	labels, values := 0.0, 0.0
	columns := make([]float64, len(r.Keys))
	points := false
	for _, row := range r.Rows {
		labels = max(labels, textWidth(row.Label))
		values = max(values, textWidth(row.Value))
		for _, c := range row.Cells {
			points = true
			columns[c.Key] = max(columns[c.Key], textWidth(c.Value)+12)
			xs = c.Point.XIn.values(append(xs, c.Point.X))
		}
		for _, b := range row.Bars {
			if b.Part != Outline {
				xs = append(xs, b.From, b.To)
			}
		}
		if row.Total != nil {
			xs = row.Total.XIn.values(xs)
		}
	}
	for _, rule := range r.Rules {
		xs = append(xs, rule.At)
	}
	beside := width >= sideBySide
	left, right := 4.0, width-10
	if beside {
		left, right = min(labels+14, width*0.42), width-min(values+10, width/3)
	}
	if points && beside {
		for i, k := range r.Keys {
			columns[i] = max(columns[i], textWidth(k.Label)+34)
			right -= columns[i]
		}
		right = max(right, left+60)
	}
	top := 8.0
	if len(r.Keys) > 0 {
		top = 30
	}
	if len(r.Rules) > 0 && !beside { // labels of rules stand below the keys
		top += lineStep
	}

	// The rows' heights come first, since the grid is drawn behind them.
	step := 21.0
	if !beside {
		step = 44
	}
	bottom := top + 4
	for _, row := range r.Rows {
		if row.Head != "" {
			bottom += 22
		}
		bottom += step
	}
	x := newScale(r.X, xs, left+4, right)
	bottomAxis(pic, x, left, right, top, bottom, r.X.Label)
	for _, rule := range r.Rules {
		if !x.holds(rule.At) {
			continue
		}
		pic.add(line("rule", x.at(rule.At), top, x.at(rule.At), bottom), text("rule", "middle", rule.Label, x.at(rule.At), top-4))
	}
	r.keys(pic, points, beside, columns)

	at := top + 4
	for _, row := range r.Rows {
		if row.Head != "" {
			pic.add(text("head", "start", fit(row.Head, width), 0, at+15))
			at += 22
		}
		middle, values := at+step/2, at+step/2+4
		label := "label"
		if row.Class != "" {
			label += " " + row.Class
		}
		if beside {
			pic.add(text(label, "end", fit(row.Label, left-8), left-8, middle+4))
		} else {
			room := width - textWidth(row.Value) - 8
			for _, w := range columns {
				room -= w
			}
			middle, values = at+30, at+13
			pic.add(text(label, "start", fit(row.Label, room), 0, values), text("value", "end", row.Value, width, values))
			row.Value = ""
		}
		row.draw(pic, r.Keys, x, middle, values, beside, columns)
		at += step
	}
	pic.Height = bottom + 41
	if pic.Height <= tallest {
		for i := range pic.Marks {
			pic.Marks[i].Tip = nil
		}
	}
	return pic
}

// keys writes what the columns or the parts of bars are. Each key of a column
// stands above it if they have the room; else the keys follow one another.
func (r Rows) keys(pic *picture, points, beside bool, columns []float64) {
	at := 0.0
	ends := columnEnds(pic.Width, columns)
	for i, k := range r.Keys {
		class := "label " + k.Look.Class
		switch {
		case points && beside:
			pic.add(marker(k.Look, ends[i]-textWidth(k.Label)-10, 12).of(k.Look), text(class, "end", k.Label, ends[i], 16))
		case points:
			pic.add(marker(k.Look, at+5, 12).of(k.Look), text(class, "start", k.Label, at+15, 16))
		default:
			pic.add(rect(fmt.Sprintf("bar part%d %s", k.Part, k.Look.Class), at+1, 6, 14, 11), text("label", "start", k.Label, at+20, 16))
		}
		at += textWidth(k.Label) + 34
	}
}

// of is the item in a look's colour.
func (it item) of(l Look) item {
	it.Class += " " + l.Class
	return it
}

// columnEnds are where columns end. The last one ends with the picture.
func columnEnds(end float64, columns []float64) []float64 {
	ends := make([]float64, len(columns))
	for i := len(columns) - 1; i >= 0; i-- {
		ends[i] = end
		end -= columns[i]
	}
	return ends
}

func (row Row) draw(pic *picture, keys []Key, x scale, middle, values float64, beside bool, columns []float64) {
	const tall = 13 // a bar's height
	end := x.from
	for _, b := range row.Bars {
		if !x.holds(b.From) || !x.holds(b.To) {
			continue
		}
		from, to := x.at(b.From), x.at(b.To)
		m := mark{Class: b.Look.Class, Says: b.Says}
		if b.Part == Outline {
			m.Items = outline(from, to, middle-tall/2-2, tall+4, b.To > x.max)
		} else {
			m.Items = []item{rect(fmt.Sprintf("bar part%d", b.Part), from, middle-tall/2, to-from, tall)}
		}
		m.Items = append(m.Items, rect("hit", from, middle-tall/2-1, max(to-from, 6), tall+2))
		pic.Marks = append(pic.Marks, m)
		end = max(end, to)
	}
	if row.Total != nil && x.holds(row.Total.X) {
		pic.point(*row.Total, Look{row.Class, None}, x, flat(middle), tall)
	}
	if row.Value != "" {
		pic.add(text("value", "start", row.Value, end+6, middle+4))
	}
	ends := columnEnds(pic.Width, columns)
	for _, c := range row.Cells {
		k := keys[c.Key]
		pic.add(text("value "+k.Look.Class, "end", c.Value, ends[c.Key], values))
		if !x.holds(c.Point.X) {
			continue
		}
		// The columns' points are apart in height: no interval hides another,
		// and a pointer meets each.
		apart := min(hitSize/2, 20/float64(len(keys)))
		at := middle + apart*(float64(c.Key)-float64(len(keys)-1)/2)
		pic.point(c.Point, k.Look, x, flat(at), apart)
		// A figure below many rows would be out of sight. So it appears in the
		// row itself, where no mark is.
		if c.Point.Says != "" {
			from := 0.0
			if beside {
				from = x.to + 10
			}
			says := fit(c.Point.Says, pic.Width-from-8)
			pic.Marks[len(pic.Marks)-1].Tip = []item{rect("tip box", from, values-13, pic.Width-from, 18), text("tip", "end", says, pic.Width-4, values)}
		}
	}
}

// flat is a scale with everything at one height.
func flat(y float64) scale { return newScale(Axis{Min: 0, Max: 1}, nil, y, y) }

// outline is a box around a bar. Its end is open if it is beyond the axis.
func outline(from, to, y, tall float64, open bool) []item {
	if !open {
		return []item{rect("outline", from, y, to-from, tall)}
	}
	d := fmt.Sprintf("M%g %gH%gV%gH%g", tenth(to), tenth(y), tenth(from), tenth(y+tall), tenth(to))
	arrow := fmt.Sprintf("M%g %gl6 %gl-6 %g", tenth(to), tenth(y), tall/2, tall/2)
	return []item{{Kind: "path", Class: "outline", D: d}, {Kind: "path", Class: "outline", D: arrow}}
}
