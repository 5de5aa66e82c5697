package calibration

import (
	"cmp"
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

// counts are the points of the cells.
func counts(cells []Cell) []Point {
	var points []Point
	for _, c := range cells {
		if c.Kind == Package {
			continue
		}
		for _, r := range c.Rows {
			p := Point{Name: r.Name, Unit: r.Unit, Inject: c.Inject, Apart: c.Kind == Rebuilt, Rounds: c.Rounds[1], Budget: c.Budget, Share: r.Found.Share(), Count: r.Found}
			p.Low, p.High = p.Count.Interval(level)
			points = append(points, p)
			if r.Apart.N > 0 {
				p.Apart, p.Share, p.Count = true, r.Apart.Share(), r.Apart
				p.Low, p.High = p.Count.Interval(level)
				points = append(points, p)
			}
		}
	}
	return points
}

// draws is how many runs are drawn for a resampled point.
var draws = 1000 // fewer in tests

// lengths are the rounds of resampled runs: 22 are about a minute of the
// default rows, 110 five.
var lengths = []int{10, 15, 22, 44, 110}

// resampled draws runs of so many rounds from the rounds of all runs of the
// kind Same with the same slowdown, with replacement (Efron and Tibshirani, An
// Introduction to the Bootstrap, 1993), and has each decided as the gate does.
// What moves all rounds of a run alike is mixed over the runs by that, and so
// taken for noise between rounds: Spread says how much there is.
func resampled(runs []*Run) []Point {
	type key struct {
		name, unit string
		inject     float64
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
		if r.Kind != Same || r.Inject == 0 {
			continue
		}
		for _, apart := range []bool{false, true} {
			for _, row := range r.Rows {
				k := key{row.Name, row.Unit, r.Inject, apart}
				i, ok := at[k]
				if !ok {
					i = len(pools)
					at[k] = i
					pools = append(pools, pool{key: k, alone: r.Session.Alpha / float64(len(r.Rows)), margin: math.Log1p(r.Session.Margin)})
				}
				base := row.Base
				if apart {
					base = row.Control
				}
				pools[i].logs = append(pools[i].logs, row.logs(row.Head, base)...)
			}
		}
	}
	slices.SortStableFunc(pools, func(a, b pool) int { return cmp.Compare(a.inject, b.inject) })
	r := rand.New(rand.NewPCG(1, 2)) // the same each time
	var points []Point
	for _, p := range pools {
		for _, rounds := range lengths {
			var c Count
			drawn := make([]float64, rounds)
			for range draws {
				for i := range drawn {
					drawn[i] = p.logs[r.IntN(len(p.logs))]
				}
				s, err := paired.SignedRank(drawn)
				if err != nil {
					panic(err) // NaN among logs of positive figures
				}
				c.add(s.Greater(p.margin) < p.alone)
			}
			points = append(points, Point{Name: p.name, Unit: p.unit, Inject: p.inject, Apart: p.apart, Resampled: true, Rounds: rounds, Share: c.Share(), Count: c, High: 1})
		}
	}
	return points
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
