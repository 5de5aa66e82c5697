// Package lockstep measures processes against each other in turn.
//
// A worker is a process that holds one thing to measure, its arm. The
// coordinator hands the turn to k workers in slices of a millisecond or two, in
// counterbalanced order; nothing else of ours runs meanwhile. A disturbance (a
// neighbour on the host, a clock, a cache) affects all workers alike. So the
// ratio of two workers over the same laps stays, where their absolute figures
// don't.
//
// The package doesn't care who measures what: the arms of a pair, one arm twice
// (A/A), two builds of the same arm, or a worker in another language. The
// protocol of a turn is lines of text on the worker's standard input and
// output:
//
//	worker       ready                      it has opened its arm
//	             cut REASON                 before that: it measures less than it was asked for
//	             skip REASON                it can't be measured here
//	             error TEXT                 it failed
//	coordinator  run N                      do N ops
//	worker       done OPS NS [VALUE ...]    OPS were done in NS nanoseconds by the arm's own clock
//	             error TEXT
//	coordinator  close
//	worker       closed                     nothing of the arm is left
//	             error TEXT
//
// A VALUE is +NAME=N, a count to be added up over slices, or NAME=X, a figure.
// A worker ends when its input ends.
//
// A worker is killed and reported with the reason if it dies, if it doesn't
// answer within its patience, or if its answer can't be true. Measuring on
// would be wrong: a line too many would be taken for the answer to the next
// turn, and each later answer for another's.
package lockstep

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Slice is the result of one turn of an arm.
type Slice struct {
	Ops     int                // ops done on the clock, at least 1
	Elapsed time.Duration      // their time, by the arm's own clock; 0 for an arm that measures no time
	Counts  map[string]int64   // evidence, added up over slices
	Figures map[string]float64 // figures by unit, other than time
}

// An Arm is what a worker holds and measures.
type Arm interface {
	// Run does about n ops, at least one, and returns the result. An arm that
	// is measured once a process may do any number.
	Run(n int) (Slice, error)
	// Close ends everything that the arm has started; an error says what was
	// left behind.
	Close() error
}

// A Skip is the error of an arm that can't be measured here, with the reason.
type Skip struct{ Reason string }

func (s *Skip) Error() string { return s.Reason }

// Skipf returns a Skip with a formatted reason.
func Skipf(format string, a ...any) error { return &Skip{fmt.Sprintf(format, a...)} }

// Serve is a worker's life: it opens its arm and answers the coordinator until
// the order to close, or until its input ends. open may call cut to report that
// the arm measures less than it was asked for. The result is the process's exit
// code.
func Serve(in io.Reader, out io.Writer, open func(cut func(reason string)) (Arm, error)) int {
	say := func(format string, a ...any) { fmt.Fprintf(out, format+"\n", a...) }
	arm, err := open(func(reason string) { say("cut %s", oneLine(reason)) })
	var skip *Skip
	switch {
	case errors.As(err, &skip):
		say("skip %s", oneLine(err.Error()))
		return 0
	case err != nil:
		say("error %s", oneLine(err.Error()))
		return 1
	}
	say("ready")
	closeArm := func() int {
		if err := arm.Close(); err != nil {
			say("error %s", oneLine(err.Error()))
			return 1
		}
		say("closed")
		return 0
	}
	fail := func(format string, a ...any) int {
		say("error %s", oneLine(fmt.Sprintf(format, a...)))
		arm.Close()
		return 1
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		order, arg, _ := strings.Cut(lines.Text(), " ")
		switch order {
		case "run":
			n, err := strconv.Atoi(arg)
			if err != nil || n < 1 {
				return fail("running %q ops: not a positive whole number", arg)
			}
			s, err := arm.Run(n)
			if err != nil {
				return fail("%v", err)
			}
			io.WriteString(out, s.line())
		case "close":
			return closeArm()
		default:
			return fail("unknown order %q", order)
		}
	}
	return closeArm()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (s Slice) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "done %d %d", s.Ops, s.Elapsed.Nanoseconds())
	for _, k := range slices.Sorted(maps.Keys(s.Counts)) {
		fmt.Fprintf(&b, " +%s=%d", k, s.Counts[k])
	}
	for _, k := range slices.Sorted(maps.Keys(s.Figures)) {
		fmt.Fprintf(&b, " %s=%v", k, s.Figures[k])
	}
	b.WriteByte('\n')
	return b.String()
}

// parseSlice reads what follows "done " of a worker's line. Its error is a
// *WorkerError.
func parseSlice(line string) (Slice, error) {
	fields := strings.Fields(line)
	bad := func(what string) (Slice, error) {
		return Slice{}, &WorkerError{What: fmt.Sprintf("the worker answered nonsense: %.200q: %s", line, what)}
	}
	if len(fields) < 2 {
		return bad("OPS and NS are missing")
	}
	ops, err := strconv.Atoi(fields[0])
	if err != nil || ops < 1 {
		return bad("OPS is not a positive whole number")
	}
	ns, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || ns < 0 {
		return bad("NS is not a whole number of 0 or more")
	}
	s := Slice{Ops: ops, Elapsed: time.Duration(ns), Counts: map[string]int64{}, Figures: map[string]float64{}}
	for _, f := range fields[2:] {
		name, value, ok := strings.Cut(f, "=")
		if !ok || name == "" || name == "+" {
			return bad(fmt.Sprintf("%q is not NAME=VALUE", f))
		}
		if count, ok := strings.CutPrefix(name, "+"); ok {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return bad(fmt.Sprintf("%q is not a whole number", f))
			}
			s.Counts[count] = n
			continue
		}
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return bad(fmt.Sprintf("%q is not a finite number", f))
		}
		s.Figures[name] = x
	}
	return s, nil
}
