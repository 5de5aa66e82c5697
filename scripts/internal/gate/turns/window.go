package turns

import (
	"slices"
	"time"
)

// A span is a stretch of time, since some moment.
type span struct{ from, to time.Duration }

// ran is how long of [from, to] lies in the turns.
func ran(turns []span, from, to time.Duration) (sum time.Duration) {
	for _, t := range turns {
		sum += max(0, min(t.to, to)-max(t.from, from))
	}
	return sum
}

// inTurn is the moment at which something happened that was seen at that one:
// what is seen while the process is stopped happened at the end of the turn
// before.
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

// A run is what is known of one result's measurement.
type run struct {
	begun time.Duration // the process started
	named time.Duration // the name was printed: before the iterations, but for b.Loop and a single one
	ended time.Duration // the result was printed
	timed time.Duration // what the benchmark read off its clock: ns/op times iterations; 0 without ns/op
}

// before is the moment before which the run can't have begun.
func (r run) before() time.Duration {
	// b.Loop does all its iterations before the name is printed.
	if r.ended-r.named < (r.ended-r.begun)/20 {
		return r.begun
	}
	return r.named
}

// window is the stretch that the benchmark timed: the last one before the
// result, since what it sets up comes first. own tells that the process wasn't
// there for as long, so that ns/op is none that its clock can have shown; or
// that there is no ns/op. The window is all that the run may have taken then.
func (r run) window() (w span, own bool) {
	if r.timed > 0 && r.timed <= r.ended-r.begun {
		return span{r.ended - r.timed, r.ended}, false
	}
	return span{r.before(), r.ended}, true
}

// share is what part of the run's window lies in the turns.
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

// untouched are the indexes of the results, which ended at those moments one
// after the other, that no stop touched and that weren't the first after one:
// each of them and the one before it lies in one turn.
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
