package lockstep

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"threadbench/bench/numbers"
)

// A Plan says how long the workers of a group are measured.
type Plan struct {
	Slice   time.Duration // aimed length of a turn: 1 to 3 ms
	Laps    int           // laps of a window, at least 1; a lap is one slice of each worker
	Windows int           // windows, at least 1
	// Multiple makes the ops of a slice a multiple of it; 0 and 1 allow any
	// number. It keeps slices alike where one worker can only do some numbers:
	// a slice's length decides how often it meets a timer's tick, and so the
	// median.
	Multiple int
}

// whole returns the multiple nearest to n, at least one.
func (p Plan) whole(n int) int {
	m := max(1, p.Multiple)
	return max(1, (n+m/2)/m) * m
}

// longEvery is the distance in laps between the turns of a worker whose Spec
// has a Turn of its own. With turns of 50 ms it is measured for three times as
// long as with a slice of 1.5 ms in each lap.
const longEvery = 10

// A Result is the measurement of one worker of a group.
type Result struct {
	Started int              // its place in the start order, from 1
	Err     error            // why it has no figures, or not all: an error of Start, Run or Close
	Cuts    []string         // the worker's reports that it measures less
	Windows []float64        // the median ns/op of each window's slices
	Ops     int              // of all slices in the windows
	Counts  map[string]int64 // sums over the same slices
}

// Measure starts a worker for each spec, hands the turn from one to the next,
// and closes them. A worker that fails takes no further part, and its Result
// has the error; the others go on. Measure itself fails only with ctx.
//
// Before the first lap each worker finds its number of ops for a slice. That
// also warms it up.
func Measure(ctx context.Context, specs []Spec, plan Plan) ([]Result, error) {
	results := make([]Result, len(specs))
	if len(specs) == 0 {
		return results, nil
	}
	workers := make([]*Worker, len(specs))
	n := make([]int, len(specs))
	for i, spec := range specs {
		results[i].Started, results[i].Counts = i+1, map[string]int64{}
		w, err := Start(ctx, spec)
		if err == nil {
			results[i].Cuts = w.Cuts
			defer w.Kill()
			n[i], err = calibrate(ctx, w, cmp.Or(spec.Turn, plan.Slice))
			n[i] = plan.whole(n[i])
		}
		if err != nil {
			results[i].Err = err
			continue
		}
		workers[i] = w
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}

	// The orders of the laps are shuffled, always from the same seed.
	// Otherwise, at the end of a lap, the same worker would always follow the
	// same other one.
	orders := Orders(len(specs))
	draw := rand.New(rand.NewPCG(1, 2))
	lap := 0
	for range plan.Windows {
		nsPerOp := make([][]float64, len(specs))
		for inWindow := range plan.Laps {
			if lap%len(orders) == 0 {
				draw.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
			}
			for _, i := range orders[lap%len(orders)] {
				if workers[i] == nil || specs[i].Turn > 0 && inWindow%longEvery > 0 {
					continue
				}
				s, err := workers[i].Run(ctx, n[i])
				if err == nil {
					err = plausible(s, n[i])
				}
				if err != nil {
					workers[i].Kill()
					results[i].Err = err
					workers[i] = nil
					continue
				}
				nsPerOp[i] = append(nsPerOp[i], float64(s.Elapsed)/float64(s.Ops))
				results[i].Ops += s.Ops
				for k, v := range s.Counts {
					results[i].Counts[k] += v
				}
			}
			lap++
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
		for i, xs := range nsPerOp {
			if workers[i] != nil {
				results[i].Windows = append(results[i].Windows, numbers.Median(xs))
			}
		}
	}
	for i, w := range workers {
		if w != nil {
			results[i].Err = w.Close(ctx)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return results, nil
}

// plausible returns a *WorkerError unless a slice of n ops took some time and
// did about n, rounded up to a batch.
func plausible(s Slice, n int) error {
	switch {
	case s.Elapsed == 0:
		return &WorkerError{What: fmt.Sprintf("the worker answered nonsense: %d ops in no time", s.Ops)}
	case s.Ops > 2*n+1000:
		return &WorkerError{What: fmt.Sprintf("the worker answered nonsense: %d ops, asked for %d", s.Ops, n)}
	}
	return nil
}

// Once starts one worker, has it measure once, and closes it.
func Once(ctx context.Context, spec Spec, n int) (s Slice, cuts []string, err error) {
	w, err := Start(ctx, spec)
	if err != nil {
		return Slice{}, nil, err
	}
	defer w.Kill()
	run := func() { s, err = w.Run(ctx, n) }
	if spec.Around != nil {
		spec.Around(run)
	} else {
		run()
	}
	if err != nil {
		return Slice{}, w.Cuts, err
	}
	return s, w.Cuts, w.Close(ctx)
}

// calibrate finds the number of ops that take about as long as a slice should,
// or the least number that the worker does.
func calibrate(ctx context.Context, w *Worker, slice time.Duration) (int, error) {
	least := 0
	fits := 0 // ops in a slice, estimated from the latest run if it was long enough; else 0
	for n := 1; ; {
		s, err := w.Run(ctx, n)
		if err != nil {
			return 0, err
		}
		if n == 1 {
			least = s.Ops
		}
		perOp := float64(max(s.Elapsed, 1)) / float64(s.Ops)
		fit := max(1, int(float64(slice)/perOp))
		switch {
		case s.Elapsed < slice/2 && n < 1e9:
			n, fits = min(fit, 20*n), 0
		case fits == 0:
			// A disturbance may have lengthened a run of one op. Then every
			// slice of this worker would be one op: only a second long run in a
			// row counts.
			fits = fit
		default:
			return max(fits, fit, least), nil
		}
	}
}

// Orders returns the orders of laps, for use in turn: a Williams design (E. J.
// Williams, 1949). Every worker stands in each place, and follows each other
// worker, equally often. There are k orders if k is even, else 2k.
func Orders(k int) [][]int {
	var orders [][]int
	for first := range k {
		order := make([]int, k)
		for i := range order {
			// 0, 1, k-1, 2, k-2, ...
			step := (i + 1) / 2
			if i%2 == 0 {
				step = k - step
			}
			order[i] = (first + step) % k
		}
		orders = append(orders, order)
		if k%2 == 1 {
			back := slices.Clone(order)
			slices.Reverse(back)
			orders = append(orders, back)
		}
	}
	return orders
}

// Ratio returns one worker's figure over another's: the median over windows of
// the quotient within a window. It is false if there is none.
func Ratio(of, over []float64) (float64, bool) {
	var xs []float64
	for i := range min(len(of), len(over)) {
		if over[i] > 0 {
			xs = append(xs, of[i]/over[i])
		}
	}
	if len(xs) == 0 {
		return 0, false
	}
	return numbers.Median(xs), true
}
