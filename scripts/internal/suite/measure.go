package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/scripts/internal/results"
	"threadbench/threads"
)

// outcome is the result of a round for one case: a benchmark line, or why there
// is none.
type outcome struct {
	line  string // a benchmark line, "" if there is none
	notes []note
}

type note struct{ kind, name, reason string }

func (n note) line() string {
	return fmt.Sprintf("# %s Benchmark%s: %s\n", n.kind, n.name, n.reason)
}

// measureGroup measures a group once and answers an outcome for each of its
// cases. It fails only with ctx.
//
// Every other round starts the workers of a group in the opposite order, and
// each line has its worker's place in the start (started-nth). In two
// references the worker that started last read 3% less than the same case
// opened before it, for Create in bursts of a hundred goroutines. The cause is
// unknown, and 100 rounds since then have not shown it again
// (results/README.md).
func (m *machine) measureGroup(ctx context.Context, g group, p Profile, round int) ([]outcome, error) {
	var env []string
	if !p.Full {
		env = []string{measure.FewerTasks}
	}
	var arms []measure.Arm
	var order []int
	for i, of := range g.arms() {
		arms, order = append(arms, m.Arm(g.cases[of], m.worker, env...)), append(order, i)
	}
	if round%2 == 0 && g.once() == 0 {
		slices.Reverse(order)
	}
	got, err := m.Round(ctx, arms, p.lockstep(), order, round)
	if err != nil {
		return nil, err
	}
	if measure.Emulated() {
		for i := range got {
			got[i] = got[i].Counted(arms[i].Case.Name)
		}
	}
	outcomes := make([]outcome, len(g.cases))
	for i, c := range g.cases {
		var ref, aa *measure.Reading
		if g.ref >= 0 {
			ref = &got[g.ref]
		}
		if k := slices.Index(g.aa, i); k >= 0 {
			aa = &got[len(g.cases)+k]
		}
		outcomes[i] = conclude(c, &got[i], ref, aa)
	}
	return outcomes, nil
}

// conclude makes a benchmark line of a case's measurement. ref is the
// measurement of its goroutine arm and aa that of the case opened a second
// time; either may be nil.
func conclude(c measure.Case, got, ref, aa *measure.Reading) outcome {
	name := c.Name.String()
	var o outcome
	for _, reason := range got.Cuts {
		o.notes = append(o.notes, note{"cut", name, reason})
	}
	if got.Err != nil {
		kind, reason := explain(got.Err)
		o.notes = append(o.notes, note{kind, name, reason})
		return o
	}
	if got.Unproven != "" {
		o.notes = append(o.notes, note{"cut", name, "unproven: " + got.Unproven})
	}
	var beside []measure.Figure
	write := func(x float64, unit string) { beside = append(beside, measure.Figure{Value: x, Unit: unit}) }
	if ref != nil && ref.Err == nil {
		if x, ok := lockstep.Ratio(got.Primary, ref.Primary); ok {
			write(x, "x-goroutine")
		}
	}
	if aa != nil && aa.Err == nil {
		if x, ok := lockstep.Ratio(aa.Primary, got.Primary); ok {
			write(x, "x-self")
		}
	}
	if aa != nil && aa.Err != nil {
		kind, reason := explain(aa.Err)
		if kind == "skip" { // the case itself was not skipped
			kind = "cut"
		}
		o.notes = append(o.notes, note{kind, name, "measured once more, for x-self: " + reason})
	}
	if got.Started > 0 {
		write(float64(got.Started), "started-nth")
	}
	if aa != nil && aa.Started > 0 {
		write(float64(aa.Started), "self-started-nth")
	}
	line := got.Line(c.Name, beside...)
	if err := legible(line); err != nil {
		o.notes = append(o.notes, note{"failed", name, "the worker answered nonsense: " + err.Error()})
		return o
	}
	o.line = line
	return o
}

// legible is an error if a benchmark line can't be read from a results file:
// one such line would make the whole file unreadable.
func legible(line string) error {
	_, err := results.Read(strings.NewReader("driver: lockstep\n"+line+"# end round 1\n"), "this line")
	return err
}

// explain says whether an error is a skip or a failure, and why. If the system
// had no room for a worker, it is a skip that names the limit.
func explain(err error) (kind, reason string) {
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		return "skip", skip.Reason
	}
	reason = strings.Join(strings.Fields(err.Error()), " ")
	var worker *lockstep.WorkerError
	refused := errors.Is(err, syscall.EAGAIN) ||
		errors.As(err, &worker) && (strings.Contains(reason, "failed to create new OS thread") || strings.Contains(reason, syscall.EAGAIN.Error()))
	if refused {
		need := threads.Need{Threads: workerThreads}
		if fits, limit, e := threads.Headroom(need); e == nil && fits < need.Threads {
			return "skip", (&threads.LimitError{Limit: limit, Wanted: need.Threads}).Error()
		}
		return "skip", "a thread was refused by a limit that has room by now: " + reason
	}
	return "failed", reason
}

// workerThreads is how many threads a worker's own runtime may make.
const workerThreads = 10
