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

// An arm is a contender's look and short name, the same in every picture.
type arm struct {
	look  chart.Look
	short string
}

// markers are the markers of catalog.Contenders, in that order. A contender's
// colour comes from its class, which is the value of the key impl; chart has the
// colours.
var markers = []chart.Marker{chart.Circle, chart.Square, chart.Triangle, chart.Diamond, chart.Cross}

// armOf is the arm of a name's contender. All unknown contenders share one look.
func armOf(n catalog.Name) arm {
	if i := n.Contender(); i >= 0 {
		c := catalog.Contenders[i]
		return arm{chart.Look{Class: c.Impl, Marker: markers[i]}, c.Short}
	}
	return arm{chart.Look{Class: "other", Marker: chart.Circle}, cmp.Or(n.Get("impl"), "no impl")}
}

// keyed is a name's keys in short, without family and contender: "channel, same",
// "n=1000".
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

// tick formats the ticks of an axis in a unit: "10 µs", "0.5".
func tick(unit string) func(float64) string {
	return func(v float64) string {
		number, of, _ := strings.Cut(prose.Figure(unit, v), " ")
		return strings.TrimSpace(short(number) + " " + of)
	}
}

// times formats a tick as a factor: "10×".
func times(v float64) string { return short(strings.TrimSuffix(prose.Times(v), "×")) + "×" }

// short removes the zeros at the end of a decimal fraction.
func short(number string) string {
	if strings.Contains(number, ".") {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	return number
}

// tasks formats a tick as a number of tasks: "1k", "1M".
func tasks(v float64) string {
	switch {
	case v >= 1e6:
		return short(prose.Figure("", v/1e6)) + "M"
	case v >= 1e3:
		return short(prose.Figure("", v/1e3)) + "k"
	}
	return short(prose.Figure("", v))
}

// bytesOf formats the depth of a name: "4 KiB". A depth that is no number stays as
// it is.
func bytesOf(depth string) string {
	v, err := strconv.ParseFloat(depth, 64)
	if err != nil {
		return depth
	}
	return tick("B")(v)
}

// span is the interval of a summary.
func span(s summary.Summary) chart.Span {
	return chart.Span{Low: s.Low, High: s.High, There: s.Interval}
}
