package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/summary"
)

// An arm is how a contender looks and what it is called in every picture.
type arm struct {
	look  chart.Look
	short string
}

// markers are those of catalog.Contenders. A contender's colour is that of its
// class, which chart has by the key impl.
var markers = []chart.Marker{chart.Circle, chart.Square, chart.Triangle, chart.Diamond, chart.Cross}

// armOf is a name's contender; one of no known kind has a look of its own.
func armOf(n catalog.Name) arm {
	if i := n.Contender(); i >= 0 {
		c := catalog.Contenders[i]
		return arm{chart.Look{Class: c.Impl, Marker: markers[i]}, c.Short}
	}
	return arm{chart.Look{Class: "other", Marker: chart.Circle}, cmp.Or(n.Get("impl"), "no impl")}
}

// keyed is what a name says beside family and contender, short: "channel,
// same", "n=1000".
func keyed(n catalog.Name, but ...string) string {
	var parts []string
	for _, k := range catalog.Keys {
		v := n.Get(k)
		switch {
		case v == "" || k == "impl" || slices.Contains(but, k):
		case slices.Contains([]string{"mode", "via", "wait", "load"}, k):
			parts = append(parts, v)
		case k == "depth":
			parts = append(parts, "depth "+bytesOf(v))
		case k == "stack":
			parts = append(parts, v+" stack")
		case k == "place" && v == "free":
			parts = append(parts, "free (a lottery)")
		case k == "place":
			parts = append(parts, v)
		default:
			parts = append(parts, k+"="+v)
		}
	}
	return strings.Join(parts, ", ")
}

// tick is a tick's value in a unit: "10 µs", "0.5".
func tick(unit string) func(float64) string {
	return func(v float64) string {
		number, of, _ := strings.Cut(prose.Figure(unit, v), " ")
		return strings.TrimSpace(short(number) + " " + of)
	}
}

// times is a tick's value as a factor: "10×".
func times(v float64) string { return short(strings.TrimSuffix(prose.Times(v), "×")) + "×" }

// short is a number without the zeros behind its point.
func short(number string) string {
	if strings.Contains(number, ".") {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	return number
}

// tasks is a number of tasks as a tick: "1k", "1M".
func tasks(v float64) string {
	switch {
	case v >= 1e6:
		return short(prose.Figure("", v/1e6)) + "M"
	case v >= 1e3:
		return short(prose.Figure("", v/1e3)) + "k"
	}
	return short(prose.Figure("", v))
}

// bytesOf is a depth of a name: "4 KiB"; as it stands if it is no number.
func bytesOf(depth string) string {
	v, err := strconv.ParseFloat(depth, 64)
	if err != nil {
		return depth
	}
	return tick("B")(v)
}

// span is a summary's interval.
func span(s summary.Summary) chart.Span {
	return chart.Span{Low: s.Low, High: s.High, There: s.Interval}
}
