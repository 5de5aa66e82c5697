package browser

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/table"
)

// A drawn is a picture as the browser laid it out, in its own coordinates.
type drawn struct {
	Title string
	Ticks []struct {
		Text, Anchor string
		X, Y         float64
	}
	Marks []mark
}

// A mark is a figure in it. Says, Label and Tip are its words for a pointer at
// rest, for a screen reader, and for a pointer or the focus; Dot and Bar are
// the box of its point, or of its bar.
type mark struct {
	Says, Label, Tip string
	Dot, Bar         *struct{ X, Y, W, H float64 }
}

// pictures are script that reads all pictures that are shown.
const pictures = `globalThis.pictures = [...document.querySelectorAll("svg.chart")].filter(c => c.checkVisibility());
globalThis.marked = c => [...c.querySelectorAll(".mark")];
globalThis.shown = c => marked(c).flatMap((m, k) => m.querySelector("text.tip").checkVisibility({visibilityProperty: true}) ? [k] : []);
globalThis.alone = (c, x, y) => { const tips = shown(c); return tips.length === 1 && marked(c)[tips[0]] === document.elementFromPoint(x, y).closest(".mark"); };
globalThis.focusOn = (i, j) => {
	const mark = marked(pictures[i])[j];
	mark.focus({focusVisible: true});
	const frame = pictures[i].getBoundingClientRect();
	const out = [...mark.querySelectorAll("text.tip")].some(e => { const r = e.getBoundingClientRect(); return r.left < frame.left - 1 || r.right > frame.right + 1 || r.top < frame.top - 1 || r.bottom > frame.bottom + 1; });
	return {Shown: shown(pictures[i]), Out: out};
};
pictures.map(c => {
	const box = e => { if (!e) return null; const b = e.getBBox(); return {X: b.x, Y: b.y, W: b.width, H: b.height}; };
	const at = (e, name) => Number(e.getAttribute(name));
	return {
		Title: c.querySelector("title").textContent,
		Ticks: [...c.querySelectorAll("text.tick")].map(t => ({Text: t.textContent, Anchor: t.getAttribute("text-anchor"), X: at(t, "x"), Y: at(t, "y")})),
		Marks: marked(c).map(m => ({
			Says: m.querySelector(":scope > title").textContent, Label: m.getAttribute("aria-label"),
			Tip: [...m.querySelectorAll("text.tip")].map(s => s.textContent).join(" "),
			Dot: box(m.querySelector(".dot, .cross")), Bar: box(m.querySelector("rect.bar, rect.outline")),
		})),
	};
})`

// TestTips: pointing at a mark, or focusing it, shows its figure and no other.
func TestTips(t *testing.T) {
	for _, v := range []view{{width: 1280}, {width: 360, dark: true}} {
		t.Run(v.String(), func(t *testing.T) {
			b := sampled(t, "small")[0].open(t, v)
			var found []string
			all := ask[[]drawn](b, pictures)
			if len(all) < 5 {
				t.Fatalf("the page shows %d pictures, want more", len(all))
			}
			for i, p := range all {
				run(b, chromedp.MouseEvent(chromedp.MouseMoved, 1, 1)) // the margin, where no mark is
				say := func(format string, args ...any) { found = append(found, p.Title+": "+fmt.Sprintf(format, args...)) }
				type tip struct {
					Shown []int
					Out   bool
				}
				for j, focused := range ask[[]tip](b, "marked(pictures[%d]).map((m, j) => focusOn(%[1]d, j))", i) {
					m := p.Marks[j]
					if m.Says == "" || m.Says != m.Label {
						say("a mark says %q and is called %q", m.Says, m.Label)
					}
					if !tells(m.Tip, m.Says) {
						say("the tip of %q is %q", m.Says, m.Tip)
					}
					if !slices.Equal(focused.Shown, []int{j}) {
						say("with the focus on mark %d the tips of %v show", j, focused.Shown)
					}
					if focused.Out {
						say("the tip of mark %d sticks out of the picture", j)
					}
				}
				// The pointer, while the focus is on the last mark.
				for _, j := range []int{0, len(p.Marks) / 2} {
					at := ask[[]float64](b, pointed, i, j)
					run(b, chromedp.MouseEvent(chromedp.MouseMoved, at[0], at[1]))
					if !ask[bool](b, "alone(pictures[%d], %f, %f)", i, at[0], at[1]) {
						say("pointing at mark %d does not show the tip of what lies there, alone", j)
					}
				}
			}
			none(t, found)
			ask[bool](b, "focusOn(0, 0).Shown.length === 1") // the colours of a tip, too
			none(t, b.audit("contrast"))
		})
	}
}

// pointed is script that scrolls to a mark of a picture, and tells where it is.
const pointed = `{ const hit = marked(pictures[%d])[%d].querySelector(".hit"); hit.scrollIntoView({block: "center"}); const r = hit.getBoundingClientRect(); [r.left + r.width / 2, r.top + r.height / 2] }`

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// tells tells whether a tip is what a mark says, or its beginning up to the
// exact figure at least.
func tells(tip, says string) bool {
	full, said := words(says), strings.TrimRight(strings.TrimSuffix(words(tip), "…"), " ")
	if said == full {
		return true
	}
	figure := full
	if f := factored.FindStringSubmatch(full); f != nil {
		figure = f[1] + f[2]
	} else if e := exactly.FindStringSubmatchIndex(full); e != nil {
		figure = full[:e[9]] // with the exact value
	}
	return strings.HasSuffix(words(tip), "…") && strings.HasPrefix(full, said) && strings.HasPrefix(said, figure)
}

var (
	factored = regexp.MustCompile(`^(\S+×)( \[[^]]*\])?(?:, (.*))?: ([^:]+), (\S+/impl=\S+) over (\S+), (\d+) rounds?$`)
	exactly  = regexp.MustCompile(`^(\S[^:]*): (.*?), (\S+) \(([^,\s]+), (?:median of )?(\d+) values?\)(; stopped by .*)?$`)
	tasksOf  = regexp.MustCompile(`\bn=(\d+)`)
)

// TestFigures: every mark tells a figure of the data, to the last digit, and
// every pair has its mark.
func TestFigures(t *testing.T) {
	for _, s := range sampled(t, "small", "reference") {
		t.Run(s.name, func(t *testing.T) {
			b := s.read(t, view{width: 1280})
			file, reckoned := s.files[0], table.New(s.files[0])
			known, pairs := map[string]bool{}, map[string]bool{}
			for _, section := range reckoned.Sections {
				for _, row := range section.Rows {
					stats := row.Stats
					if both := file.Row(row.Name.String()).Values(results.Memory); len(both) > 0 {
						stats = append(slices.Clone(stats), table.Summarize(results.Memory, both))
					}
					for _, s := range stats {
						known[fmt.Sprintf("%s|%s|%s|%.6g|%d", row.Contender, s.Unit, told(s), s.Median, s.N)] = true
					}
					if impl := row.Name.Get("impl"); row.Factor != nil && row.Factor.Unit == results.PairedFactor && !row.Own() &&
						impl != "goroutine" && impl != "floor" && row.Name.Get("mode") != "stamped" {
						pairs[row.FullName] = true
					}
				}
			}
			var found []string
			factors, figures := 0, 0
			for _, p := range ask[[]drawn](b, pictures) {
				for _, m := range p.Marks {
					if f := factored.FindStringSubmatch(m.Says); f != nil {
						factors++
						row := reckoned.Row(f[5])
						if row == nil || row.Factor == nil {
							found = append(found, fmt.Sprintf("%s: no such factor in the data: %q", p.Title, m.Says))
							continue
						}
						delete(pairs, row.FullName)
						within := ""
						if row.Factor.Interval {
							within = " " + row.Factor.Within()
						}
						if got, want := f[1:], []string{table.Times(row.Factor.Median), within, row.Doubt, row.Contender, row.FullName, row.Ref, strconv.Itoa(row.Factor.N)}; !slices.Equal(got, want) {
							found = append(found, fmt.Sprintf("%s: %q, where the data have %q", p.Title, got, want))
						}
						continue
					}
					e := exactly.FindStringSubmatch(m.Says)
					if e == nil {
						found = append(found, fmt.Sprintf("%s: a mark tells no figure: %q", p.Title, m.Says))
						continue
					}
					figures++
					contender, _, _ := strings.Cut(e[2], ", ")
					if !known[fmt.Sprintf("%s|%s|%s|%s|%s", contender, e[3], e[1], e[4], e[5])] {
						found = append(found, fmt.Sprintf("%s: not in the data: %q", p.Title, m.Says))
					}
				}
			}
			for name := range pairs {
				found = append(found, "a pair without a mark: "+name)
			}
			if factors == 0 || figures == 0 {
				found = append(found, fmt.Sprintf("there are %d factors and %d figures", factors, figures))
			}
			none(t, found)
		})
	}
}

// told is a summary as a mark tells it.
func told(s table.Stat) string {
	text := table.Figure(s.Unit, s.Median)
	if s.Interval {
		text += " " + s.Within()
	}
	return text
}

// TestAxes: read off the ticks of its picture, each mark lies at the figure
// that it tells.
func TestAxes(t *testing.T) {
	for _, s := range sampled(t, "small", "reference") {
		for _, v := range []view{{width: 1280}, {width: 360}} {
			t.Run(s.name+", "+v.String(), func(t *testing.T) {
				b := s.read(t, v)
				reckoned := table.New(s.files[0])
				placed := 0
				for _, p := range ask[[]drawn](b, pictures) {
					n, err := misplaced(p, reckoned)
					placed += n
					if err != nil {
						t.Errorf("%s: %v", p.Title, err)
					}
				}
				if placed < 50 {
					t.Errorf("%d marks were held to an axis, want more", placed)
				}
			})
		}
	}
}

// An axis tells where in a picture a value lies.
type axis struct {
	name string
	at   func(v float64) float64
}

// axes are what an axis may be by its ticks, which have to lie on it: linear,
// logarithmic, or either where there are two.
func axes(p drawn, name, anchor string) (all []axis) {
	var values, places []float64
	for _, tick := range p.Ticks {
		if v, ok := figure(tick.Text); ok && tick.Anchor == anchor {
			values = append(values, v)
			if name == "x" {
				places = append(places, tick.X)
			} else {
				places = append(places, tick.Y-4) // from the letters' base to their middle
			}
		}
	}
	for kind, scale := range map[string]func(float64) float64{"linear": func(v float64) float64 { return v }, "logarithmic": math.Log} {
		if len(values) < 2 || kind == "logarithmic" && slices.Min(values) <= 0 {
			continue
		}
		last := len(values) - 1
		slope := (places[last] - places[0]) / (scale(values[last]) - scale(values[0]))
		a := axis{kind + " " + name, func(v float64) float64 { return places[0] + slope*(scale(v)-scale(values[0])) }}
		straight := true
		for i, v := range values {
			straight = straight && math.Abs(a.at(v)-places[i]) < .3
		}
		if straight {
			all = append(all, a)
		}
	}
	return all
}

// misplaced holds a picture's marks to its axes; n is how many it held. There
// has to be one axis on which all marks lie at their values, and where they
// have numbers of tasks, one for those.
func misplaced(p drawn, reckoned *table.Table) (n int, err error) {
	type point struct {
		value, tasks, x, y, width float64
		stopped                   bool // before it had so many tasks
	}
	var points []point
	for _, m := range p.Marks {
		of := point{value: math.NaN(), tasks: math.NaN(), x: math.NaN(), y: math.NaN(), width: math.NaN()}
		if f := factored.FindStringSubmatch(m.Says); f != nil {
			if row := reckoned.Row(f[5]); row != nil && row.Factor != nil {
				of.value = row.Factor.Median
			}
		} else if e := exactly.FindStringSubmatch(m.Says); e != nil {
			of.value = number(e[4])
			if tasks := tasksOf.FindStringSubmatch(e[2]); tasks != nil {
				of.tasks = number(tasks[1])
			}
			of.stopped = e[6] != ""
		}
		switch {
		case m.Dot != nil:
			of.x, of.y = m.Dot.X+m.Dot.W/2, m.Dot.Y+m.Dot.H/2
		case m.Bar != nil:
			of.width = m.Bar.W
		default:
			continue // cut, with an arrow, since it goes beyond the axis
		}
		points = append(points, of)
	}
	// A triangle's middle is a pixel above its point.
	lies := func(a axis, pt point, v float64) bool {
		switch {
		case !math.IsNaN(pt.width):
			return math.Abs(pt.width-math.Abs(a.at(v)-a.at(0))) < .3
		case strings.HasSuffix(a.name, "x") && pt.stopped && v == pt.tasks:
			return pt.x < a.at(v)+.3
		case strings.HasSuffix(a.name, "x"):
			return math.Abs(pt.x-a.at(v)) < .3
		}
		return math.Abs(pt.y-a.at(v)) < 1.3
	}
	find := func(of func(point) float64, all []axis) error {
		var why []string
		for _, a := range all {
			wrong := slices.IndexFunc(points, func(pt point) bool { return !lies(a, pt, of(pt)) })
			if wrong < 0 {
				return nil
			}
			pt := points[wrong]
			why = append(why, fmt.Sprintf("on the %s axis %g lies at %.1f, and its mark at %.1f, %.1f (%.1f wide)", a.name, of(pt), a.at(of(pt)), pt.x, pt.y, pt.width))
		}
		return fmt.Errorf("marks don't lie at their values: %s", strings.Join(append(why, fmt.Sprintf("%d axes", len(all))), "; "))
	}
	if len(points) == 0 {
		return 0, nil
	}
	across, up := axes(p, "x", "middle"), axes(p, "y", "end")
	if !slices.ContainsFunc(points, func(pt point) bool { return math.IsNaN(pt.tasks) }) {
		if err := find(func(pt point) float64 { return pt.tasks }, across); err != nil {
			return 0, err
		}
		return len(points), find(func(pt point) float64 { return pt.value }, up)
	}
	return len(points), find(func(pt point) float64 { return pt.value }, append(across, up...))
}

// TestMisplaced: a mark that lies elsewhere than its axis says is found, on
// each kind of axis.
func TestMisplaced(t *testing.T) {
	type tick = struct {
		Text, Anchor string
		X, Y         float64
	}
	type box = struct{ X, Y, W, H float64 }
	at := func(x, y float64) *box { return &box{x - 4, y - 4, 8, 8} }
	says := func(of, value string) mark {
		return mark{Says: "a figure: " + of + ", unit (" + value + ", median of 6 values)"}
	}
	with := func(m mark, dot, bar *box) mark { m.Dot, m.Bar = dot, bar; return m }
	across := []tick{{"1 ns", "middle", 100, 9}, {"100 ns", "middle", 300, 9}, {"10 µs", "middle", 500, 9}}
	bars := []tick{{"0 B", "middle", 10, 9}, {"1 KiB", "middle", 110, 9}, {"2 KiB", "middle", 210, 9}}
	tasks := []tick{{"1", "middle", 100, 9}, {"10", "middle", 200, 9}, {"0", "end", 9, 104}, {"0.5", "end", 9, 54}, {"1", "end", 9, 4}}
	for _, c := range []struct {
		name  string
		ticks []tick
		marks []mark
		right bool
	}{
		{"logarithmic", across, []mark{with(says("a", "10"), at(200, 9), nil), with(says("b", "1000"), at(400, 9), nil)}, true},
		{"logarithmic, off by a pixel", across, []mark{with(says("a", "10"), at(200, 9), nil), with(says("b", "1000"), at(401, 9), nil)}, false},
		{"marks exchanged", across, []mark{with(says("a", "10"), at(400, 9), nil), with(says("b", "1000"), at(200, 9), nil)}, false},
		{"ticks off their axis", []tick{across[0], {"100 ns", "middle", 320, 9}, across[2]}, []mark{with(says("a", "1"), at(100, 9), nil)}, false},
		{"bar", bars, []mark{with(says("a", "512"), nil, &box{10, 0, 50, 9}), with(says("a", "1024"), nil, &box{60, 0, 100, 9})}, true},
		{"bar too long", bars, []mark{with(says("a", "512"), nil, &box{10, 0, 51, 9})}, false},
		{"tasks", tasks, []mark{with(says("a, n=1", "1"), at(100, 0), nil), with(says("a, n=10", "0.5"), at(200, 50), nil)}, true},
		{"tasks exchanged", tasks, []mark{with(says("a, n=10", "1"), at(100, 0), nil), with(says("a, n=1", "0.5"), at(200, 50), nil)}, false},
		{"height of another", tasks, []mark{with(says("a, n=1", "1"), at(100, 0), nil), with(says("a, n=10", "0.5"), at(200, 60), nil)}, false},
		{"no axis", nil, []mark{with(says("a", "10"), at(200, 9), nil)}, false},
	} {
		n, err := misplaced(drawn{Ticks: c.ticks, Marks: c.marks}, &table.Table{})
		if c.right && (err != nil || n != len(c.marks)) || !c.right && err == nil {
			t.Errorf("%s: held %d, error %v; right is %v", c.name, n, err, c.right)
		}
	}
}

// TestTells: a tip that is cut before the exact figure is found.
func TestTells(t *testing.T) {
	const factor = "22.0× [20.9, 29.3], no difference seen: raw thread (clone), Create/impl=clone/mode=cold over Create/impl=goroutine/mode=cold, 12 rounds"
	const exact = "668 ns [602, 1290]: goroutine, n=1000, ns/op (667.862, median of 12 values)"
	for _, c := range []struct {
		tip, says string
		want      bool
	}{
		{factor, factor, true},
		{"22.0× [20.9, 29.3], no diff…", factor, true},
		{"22.0× [20.9, 2…", factor, false},
		{"22.1× [20.9, 29.3]…", factor, false},
		{"22.0× [20.9, 29.3]", factor, false}, // cut, and doesn't say so
		{exact, exact, true},
		{"668 ns [602, 1290]: goroutine, n=1000, ns/op (667.862, median of…", exact, true},
		{"668 ns [602, 1290]: goroutine, n=1000, ns/op (667…", exact, false},
		{"", exact, false},
	} {
		if got := tells(c.tip, c.says); got != c.want {
			t.Errorf("%q of %q: %v", c.tip, c.says, got)
		}
	}
}
