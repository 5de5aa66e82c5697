package calibration

import (
	"math"
	"math/rand/v2"
	"slices"

	"threadbench/scripts/internal/paired"
)

// A Point is how often a slowdown of a row is found by itself (RowCount says
// at which level).
type Point struct {
	Name      string   `json:"name"`
	Unit      string   `json:"unit"`
	Inject    float64  `json:"inject"`
	Apart     bool     `json:"apart"`     // head against base in another layout
	Resampled bool     `json:"resampled"` // else counted, in real runs
	Rounds    int      `json:"rounds"`    // of a run; counted, the median
	Budget    Duration `json:"budget"`    // "0s" where resampled
	Share     float64  `json:"share"`
	Count     Count    `json:"count"` // counted, of runs; resampled, of draws
	Low       float64  `json:"low"`   // 95% interval by Clopper and Pearson; resampled 0 and 1, since there is none
	High      float64  `json:"high"`
}

// counts are the points of the cells. Runs of the kind Rebuilt count with those
// of the kind Same apart.
func counts(cells []Cell) []Point {
	var points []Point
	add := func(p Point) {
		same := func(o Point) bool {
			return o.Name == p.Name && o.Unit == p.Unit && o.Inject == p.Inject && o.Apart == p.Apart && o.Budget == p.Budget
		}
		i := slices.IndexFunc(points, same)
		if i < 0 {
			i = len(points)
			points = append(points, p)
		} else {
			points[i].Count.K += p.Count.K
			points[i].Count.N += p.Count.N
		}
		at := &points[i]
		at.Share = at.Count.Share()
		at.Low, at.High = at.Count.Interval(level)
	}
	for _, c := range cells {
		if c.Kind == Package {
			continue
		}
		for _, r := range c.Rows {
			p := Point{Name: r.Name, Unit: r.Unit, Inject: c.Inject, Apart: c.Kind == Rebuilt, Rounds: c.Rounds[1], Budget: c.Budget, Count: r.Found}
			add(p)
			if r.Apart.N > 0 {
				p.Apart, p.Count = true, r.Apart
				add(p)
			}
		}
	}
	return points
}

// draws is how many runs are drawn for a resampled point.
var draws = 1000 // fewer in tests

// lengths are the rounds of resampled runs: 22 are about a minute of the
// default rows, 110 five.
var lengths = []int{10, 22, 44, 110}

// resampled draws runs of so many rounds, with replacement, from the rounds of
// all runs of the kind Same in which nothing had changed (Efron and Tibshirani,
// An Introduction to the Bootstrap, 1993), makes head slower on paper by each of
// sizes, and has each row decided by itself, as RowCount says; controls are left
// out. What moves all rounds of a run alike is mixed over the runs by that, and
// so taken for noise between rounds: Spread says how much there is.
func resampled(runs []*Run, sizes []float64) []Point {
	type key struct {
		name, unit string
		apart      bool
	}
	type pool struct {
		key
		logs          []float64
		alone, margin float64
	}
	at := map[key]int{}
	var pools []pool
	for _, r := range runs {
		if r.Kind != Same || r.Inject > 0 {
			continue
		}
		for _, apart := range []bool{false, true} {
			for _, row := range r.Rows {
				k := key{row.Name, row.Unit, apart}
				i, ok := at[k]
				if !ok {
					i = len(pools)
					at[k] = i
					pools = append(pools, pool{key: k, alone: r.Session.Alpha / float64(len(r.Rows)), margin: math.Log1p(r.Session.Margin)})
				}
				pools[i].logs = append(pools[i].logs, row.sides(apart)...)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2)) // the same each time
	var points []Point
	for _, p := range pools {
		for _, rounds := range lengths {
			found := make([]Count, len(sizes))
			drawn := make([]float64, rounds)
			for range draws {
				for i := range drawn {
					drawn[i] = p.logs[r.IntN(len(p.logs))]
				}
				s, err := paired.SignedRank(drawn)
				if err != nil {
					panic(err) // NaN among logs of positive figures
				}
				for i, size := range sizes {
					// Slower by a factor, all logs are larger by the same: so
					// it is as if the margin were smaller.
					found[i].add(s.Greater(p.margin-math.Log1p(size)) < p.alone)
				}
			}
			for i, c := range found {
				points = append(points, Point{Name: p.name, Unit: p.unit, Inject: sizes[i], Apart: p.apart, Resampled: true, Rounds: rounds, Share: c.Share(), Count: c, High: 1})
			}
		}
	}
	return points
}

// injected are the slowdowns of the runs, the smallest first.
func injected(runs []*Run) []float64 {
	var sizes []float64
	for _, r := range runs {
		if r.Inject > 0 && !slices.Contains(sizes, r.Inject) {
			sizes = append(sizes, r.Inject)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// A Reading is what a slowdown of a row was measured to be.
type Reading struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Inject float64 `json:"inject"`
	Apart  bool    `json:"apart"`
	Runs   int     `json:"runs"`
	// Shift is head/base over the runs, with its 95% interval by signed ranks
	// over the runs' own estimates; Low and High are 0 for fewer than six runs.
	Shift float64 `json:"shift"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// readings are those of each row and slowdown, over runs of the kind Same of
// any length.
func readings(runs []*Run) []Reading {
	var all []Reading
	var estimates [][]float64
	for _, size := range injected(runs) {
		for _, r := range runs {
			if r.Kind != Same || r.Inject != size {
				continue
			}
			for _, row := range r.Rows {
				for _, apart := range []bool{false, true} {
					i := slices.IndexFunc(all, func(x Reading) bool {
						return x.Name == row.Name && x.Unit == row.Unit && x.Inject == size && x.Apart == apart
					})
					if i < 0 {
						i = len(all)
						all, estimates = append(all, Reading{Name: row.Name, Unit: row.Unit, Inject: size, Apart: apart}), append(estimates, nil)
					}
					if s, err := paired.SignedRank(row.sides(apart)); err == nil {
						estimates[i] = append(estimates[i], s.Estimate())
					}
				}
			}
		}
	}
	for i := range all {
		x := &all[i]
		x.Runs = len(estimates[i])
		x.Shift, x.Low, x.High = over(estimates[i])
	}
	return all
}

// over is a factor over runs, of each of which there is an estimate of its
// logarithm, with the 95% interval; low and high are 0 for too few runs, all for
// none.
func over(estimates []float64) (factor, low, high float64) {
	e, err := paired.SignedRank(estimates)
	if err != nil {
		return 0, 0, 0
	}
	if i := e.Interval(level); !math.IsInf(i.Low, 0) && !math.IsInf(i.High, 0) {
		low, high = math.Exp(i.Low), math.Exp(i.High)
	}
	return math.Exp(e.Estimate()), low, high
}

// sides are the rounds' logs of head over base, or, apart, over the control.
func (r Row) sides(apart bool) []float64 {
	if apart {
		return r.logs(r.Head, r.Control)
	}
	return r.logs(r.Head, r.Base)
}

// logs are the rounds' log(of/over), positive where of is worse.
func (r Row) logs(of, over Figures) []float64 {
	sign := 1.0
	if r.Better == "higher" {
		sign = -1
	}
	var d []float64
	for i := range of {
		if !math.IsNaN(of[i]) {
			d = append(d, sign*(math.Log(of[i])-math.Log(over[i])))
		}
	}
	return d
}
