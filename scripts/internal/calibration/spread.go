package calibration

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/paired"
)

// A Spread is where a row's noise comes from, of runs in which nothing had
// changed. All are standard deviations of logarithms, so 0.01 is about 1%.
//
// Rounds and Between are variance components of log(head/base) by run and round,
// estimated by analysis of variance: with unequal numbers of rounds a run,
// Searle, Casella and McCulloch, Variance Components, 1992, 3.6. A component
// that comes out negative is 0.
type Spread struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Kind string `json:"kind"` // Same or Package
	Runs int    `json:"runs"`
	// Rounds is the spread within pairs: how much head/base differs from
	// round to round within a run, base and head in one layout; Between is
	// what moves all the rounds of a run alike.
	Rounds  float64 `json:"rounds"`
	Between float64 `json:"between"`
	// Layout is what another layout adds to one side: the control differs
	// from base in its layout, head doesn't, so half of the difference of
	// the two variances within runs is a layout's (method of moments).
	Layout float64 `json:"layout"`
	// Alike is what rounds of one layout have in common in head/base, by
	// analysis of variance over the layouts of a session: where it is 0, a
	// layout can serve several rounds. It takes layouts that come again.
	Alike float64 `json:"alike"`
	// Pairs is the spread between pairs: how much base's own figure differs
	// from round to round within a run. Without the pairs Rounds would be
	// √2 times that.
	Pairs float64 `json:"pairs"`
	// Level is how much base's own median figure differs from run to run. A
	// gate that stored its base would have to live with √2 times that.
	Level float64 `json:"level"`
	// Shift is head/base over all runs, which is 1 if neither place is
	// favoured, with its 95% interval by signed ranks over the runs' own
	// estimates; Low is 0 and High 0 for fewer than six runs.
	Shift float64 `json:"shift"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// spreads are those of each row of runs without a slowdown.
func spreads(runs []*Run) []Spread {
	type rowRuns struct {
		spread                Spread
		pairs, controls, base [][]float64
		levels, estimatedLogs []float64
		layouts               map[layoutKey][]float64
	}
	at := map[string]int{}
	var all []rowRuns
	for _, r := range runs {
		if r.Kind == Rebuilt || r.Inject > 0 {
			continue
		}
		for _, row := range r.Rows {
			k := r.Kind + " " + row.key()
			i, ok := at[k]
			if !ok {
				i = len(all)
				at[k] = i
				all = append(all, rowRuns{spread: Spread{Name: row.Name, Unit: row.Unit, Kind: r.Kind}, layouts: map[layoutKey][]float64{}})
			}
			x := &all[i]
			pairs := row.logs(row.Head, row.Base)
			x.pairs = append(x.pairs, pairs)
			x.controls = append(x.controls, row.logs(row.Control, row.Base))
			n := 0
			for k, seed := range r.Layouts.Base {
				if !math.IsNaN(row.Base[k]) {
					key := layoutKey{r.Session, seed}
					x.layouts[key] = append(x.layouts[key], pairs[n])
					n++
				}
			}
			ones := slices.Repeat(Figures{1}, len(row.Base))
			base := row.logs(row.Base, ones)
			x.base = append(x.base, base)
			x.levels = append(x.levels, median(base))
			if s, err := paired.SignedRank(pairs); err == nil {
				x.estimatedLogs = append(x.estimatedLogs, s.Estimate())
			}
		}
	}
	var spreads []Spread
	for _, x := range all {
		s := x.spread
		s.Runs = len(x.pairs)
		within, between := components(x.pairs)
		control, _ := components(x.controls)
		base, _ := components(x.base)
		s.Pairs = math.Sqrt(base)
		s.Rounds, s.Between = math.Sqrt(within), math.Sqrt(between)
		s.Layout = math.Sqrt(max(0, (control-within)/2))
		var byLayout [][]float64
		for _, key := range slices.SortedFunc(maps.Keys(x.layouts), layoutKey.compare) {
			byLayout = append(byLayout, x.layouts[key])
		}
		if len(byLayout) < len(slices.Concat(byLayout...)) {
			_, alike := components(byLayout)
			s.Alike = math.Sqrt(alike)
		}
		_, level2 := components(singles(x.levels))
		s.Level = math.Sqrt(level2)
		s.Shift, s.Low, s.High = over(x.estimatedLogs)
		spreads = append(spreads, s)
	}
	return spreads
}

// A layoutKey tells layouts apart: seeds lay out the source of one session.
type layoutKey struct {
	session *Session
	seed    uint64
}

func (k layoutKey) compare(other layoutKey) int {
	return cmp.Or(k.session.Begun.Compare(other.session.Begun), cmp.Compare(k.seed, other.seed))
}

// singles are groups of one each.
func singles(values []float64) [][]float64 {
	var groups [][]float64
	for _, v := range values {
		groups = append(groups, []float64{v})
	}
	return groups
}

// components are the variances within and between groups of a one-way random
// model. With groups of one each there is none within, and between is their
// sample variance; with one group there is none between.
func components(groups [][]float64) (within, between float64) {
	var n, squares, inside float64
	var all []float64
	for _, g := range groups {
		m := mean(g)
		for _, v := range g {
			inside += (v - m) * (v - m)
		}
		n += float64(len(g))
		squares += float64(len(g) * len(g))
		all = append(all, g...)
	}
	if free := n - float64(len(groups)); free > 0 {
		within = inside / free
	}
	if len(groups) < 2 {
		return within, 0
	}
	m, outside := mean(all), 0.0
	for _, g := range groups {
		d := mean(g) - m
		outside += float64(len(g)) * d * d
	}
	groupsFree := float64(len(groups) - 1)
	n0 := (n - squares/n) / groupsFree
	return within, max(0, (outside/groupsFree-within)/n0)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Arms says whether a goroutine row's figure would be steadier if it were
// divided by that of the raw thread's row of the same round or run: whether what
// disturbs the one disturbs the other alike.
type Arms struct {
	Goroutine string `json:"goroutine"`
	Thread    string `json:"thread"`
	Of        string `json:"of"` // one of the figures below
	Runs      int    `json:"runs"`
	Figures   int    `json:"figures"` // of each arm: a round's, or a run's
	// Correlation is Pearson's of the logs, those of rounds each less its run's
	// mean, with its 95% interval (Fisher, 1921, by z).
	Correlation float64 `json:"correlation"`
	Low         float64 `json:"low"`
	High        float64 `json:"high"`
	// Width is by what factor dividing changes the width of the gate's
	// interval, the median over runs; of base's own figures, their standard
	// deviation. Below 1 it helps. Best is the factor that the best multiple of
	// the thread's would give, √(1−r²).
	Width float64 `json:"width"`
	Best  float64 `json:"best"`
}

// The figures that Arms compares: what the gate decides by, in one layout and
// in two, and what there would be without pairs, from round to round of a run
// and from run to run.
const (
	ofHead    = "head/base"
	ofControl = "control/base"
	ofRounds  = "base, rounds of a run"
	ofRuns    = "base, runs"
)

// armsOf compares each family's goroutine row with its raw thread's.
func armsOf(runs []*Run) ([]Arms, error) {
	type sums struct {
		Arms
		x, y, widths []float64
	}
	var all []sums
	at := map[string]int{}
	for _, r := range runs {
		if r.Kind != Same || r.Inject > 0 {
			continue
		}
		for _, g := range r.Rows {
			for _, t := range r.Rows {
				if !counterparts(g, t) {
					continue
				}
				for _, of := range []string{ofHead, ofControl, ofRounds, ofRuns} {
					x, y := alike(g, t, of)
					if len(x) < 2 {
						continue
					}
					k := g.key() + t.key() + of
					i, ok := at[k]
					if !ok {
						i = len(all)
						at[k] = i
						all = append(all, sums{Arms: Arms{Goroutine: g.Name, Thread: t.Name, Of: of}})
					}
					s := &all[i]
					s.Runs++
					switch of {
					case ofHead, ofControl:
						width, err := narrowed(x, y, r.Session.Alpha/float64(len(r.Rows)))
						if err != nil {
							return nil, err
						}
						if !math.IsNaN(width) {
							s.widths = append(s.widths, width)
						}
					case ofRuns:
						s.x, s.y = append(s.x, median(x)), append(s.y, median(y))
						continue
					}
					s.x, s.y = append(s.x, centred(x)...), append(s.y, centred(y)...)
				}
			}
		}
	}
	var arms []Arms
	for _, s := range all {
		a, means := s.Arms, s.Runs
		if a.Of == ofRuns {
			if a.Runs < 2 {
				continue
			}
			s.x, s.y, means = centred(s.x), centred(s.y), 1
		}
		a.Figures = len(s.x)
		a.Correlation = correlation(s.x, s.y)
		a.Low, a.High = fisher(a.Correlation, a.Figures-means+1)
		a.Best = math.Sqrt(max(0, 1-a.Correlation*a.Correlation))
		switch {
		case len(s.widths) > 0:
			a.Width = median(s.widths)
		case a.Of == ofRounds || a.Of == ofRuns:
			xx, yy, xy := products(s.x, s.y)
			if xx > 0 {
				a.Width = math.Sqrt(max(0, xx+yy-2*xy) / xx)
			}
		}
		arms = append(arms, a)
	}
	return arms, nil
}

// alike are the logs of two rows in the rounds that both have.
func alike(g, t Row, of string) (x, y []float64) {
	log := func(r Row, i int) float64 {
		switch of {
		case ofHead:
			return math.Log(r.Head[i] / r.Base[i])
		case ofControl:
			return math.Log(r.Control[i] / r.Base[i])
		}
		return math.Log(r.Base[i])
	}
	for i := range g.Base {
		if !math.IsNaN(g.Base[i]) && !math.IsNaN(t.Base[i]) {
			x, y = append(x, log(g, i)), append(y, log(t, i))
		}
	}
	return x, y
}

// counterparts tells a goroutine's row and the raw thread's of the same
// family, whose other keys agree but for via.
func counterparts(g, t Row) bool {
	gn, err1 := catalog.ParseName(g.Name)
	tn, err2 := catalog.ParseName(t.Name)
	if err1 != nil || err2 != nil || g.Unit != t.Unit || gn.Get("impl") != "goroutine" || tn.Get("impl") != "clone" {
		return false
	}
	without := func(name string) string {
		parts := strings.Split(name, "/")
		return strings.Join(slices.DeleteFunc(parts, func(p string) bool {
			return strings.HasPrefix(p, "impl=") || strings.HasPrefix(p, "via=")
		}), "/")
	}
	return without(g.Name) == without(t.Name)
}

// narrowed is by what factor the interval of x−y is as wide as that of x, both
// bounds at level alpha; NaN where one has no end.
func narrowed(x, y []float64, alpha float64) (float64, error) {
	width := func(d []float64) (float64, error) {
		s, err := paired.SignedRank(d)
		if err != nil {
			return 0, err
		}
		low, _ := s.Lower(alpha)
		high, _ := s.Upper(alpha)
		return high - low, nil
	}
	divided := make([]float64, len(x))
	for i := range x {
		divided[i] = x[i] - y[i]
	}
	alone, err := width(x)
	if err != nil {
		return 0, err
	}
	both, err := width(divided)
	if err != nil || math.IsInf(alone, 0) || math.IsInf(both, 0) || alone == 0 {
		return math.NaN(), err
	}
	return both / alone, nil
}

func centred(values []float64) []float64 {
	m := mean(values)
	c := make([]float64, len(values))
	for i, v := range values {
		c[i] = v - m
	}
	return c
}

// correlation is that of centred values, 0 where one of them doesn't vary.
func correlation(x, y []float64) float64 {
	xx, yy, xy := products(x, y)
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// products are the sums of x², y² and xy.
func products(x, y []float64) (xx, yy, xy float64) {
	for i := range x {
		xy += x[i] * y[i]
		xx += x[i] * x[i]
		yy += y[i] * y[i]
	}
	return xx, yy, xy
}

// fisher is the 95% interval of a correlation of n pairs.
func fisher(r float64, n int) (low, high float64) {
	if n < 4 || math.Abs(r) >= 1 {
		return -1, 1
	}
	z, d := math.Atanh(r), 1.959964/math.Sqrt(float64(n-3))
	return math.Tanh(z - d), math.Tanh(z + d)
}
