package turns

import (
	"slices"
	"time"
)

// A span is a stretch of time, counted from some moment.
type span struct{ from, to time.Duration }

// ran is how long of [from, to] lies in the turns.
func ran(turns []span, from, to time.Duration) (sum time.Duration) {
	for _, t := range turns {
		sum += max(0, min(t.to, to)-max(t.from, from))
	}
	return sum
}

// inTurn corrects the moment at which something was seen. If the process was
// stopped then, it happened at the end of the turn before.
func inTurn(turns []span, seen time.Duration) time.Duration {
	last := seen
	for _, t := range turns {
		switch {
		case seen < t.from:
			return last
		case seen <= t.to:
			return seen
		}
		last = t.to
	}
	return last
}

// A run is what is known about the measurement of one result.
type run struct {
	begun time.Duration // the process started
	named time.Duration // the name was printed: before the iterations, except with b.Loop or a single iteration
	ended time.Duration // the result was printed
	timed time.Duration // time on the benchmark's clock, ns/op times iterations; 0 without ns/op
}

// before is a moment at or before the run's beginning.
func (r run) before() time.Duration {
	// b.Loop runs all its iterations before the name is printed.
	if r.ended-r.named < (r.ended-r.begun)/20 {
		return r.begun
	}
	return r.named
}

// window is the stretch that the benchmark timed: the last stretch before the
// result, since setting up comes first. own means that the process hadn't run
// for that long, so ns/op can't come from its clock, or that there is no ns/op.
// The window then is all the time that the run may have taken.
func (r run) window() (w span, own bool) {
	if r.timed > 0 && r.timed <= r.ended-r.begun {
		return span{r.ended - r.timed, r.ended}, false
	}
	return span{r.before(), r.ended}, true
}

// share is the part of the run's window that lies in the turns.
func (r run) share(turns []span) float64 {
	r.ended = inTurn(turns, r.ended)
	r.named = inTurn(turns, r.named)
	w, _ := r.window()
	if w.to <= w.from {
		return 1
	}
	if share := float64(ran(turns, w.from, w.to)) / float64(w.to-w.from); share > 0 {
		return share
	}
	return 1
}

// untouched are the indexes of the results that no stop touched and that were
// not the first after a stop: the result and the one before it were measured
// within one turn. ended are the moments at which the results ended, in order.
func untouched(turns []span, ended []time.Duration) (kept []int) {
	turn := func(at time.Duration) int {
		return slices.IndexFunc(turns, func(t span) bool { return t.from <= at && at <= t.to })
	}
	for i := 2; i < len(ended); i++ {
		first, last := turn(inTurn(turns, ended[i-2])), turn(inTurn(turns, ended[i]))
		if first >= 0 && first == last {
			kept = append(kept, i)
		}
	}
	return kept
}
