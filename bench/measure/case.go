// Package measure is the measuring session: cases and the evidence that their
// figures need, the start and life of their workers, the rounds that measure
// the arms of a group against each other, the benchmark lines that come of it,
// and the head of a results file. go test's adaptor, run, the gate, fidelity
// and calibrate all measure by it.
//
// A case is one arm of a pair. Its table entry, in its family's package, has
// everything about it. This package imports catalog, lockstep, host (the
// machine) and the limits of package threads, but no family.
package measure

import (
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// A Case is one arm of a pair.
type Case struct {
	Name     catalog.Name
	N        int           // the n of its name (WithN), 0 without one
	Once     int           // measurements in a round, each in a process of its own; 0 for slices in one process
	CPUs     int           // CPUs of its worker: 1, 2, or 0 for all
	Procs    int           // its GOMAXPROCS, 0 for the number of its CPUs
	Env      []string      // its environment beyond that, KEY=VALUE
	Turn     time.Duration // the length of its turns, 0 for the plan's slices (lockstep.Spec)
	HoldsP   bool          // its worker holds its P between the turns (see heldInput)
	Quick    bool          // it is also in the short profile
	C        bool          // its worker is the one of C threads (see CProgram)
	Evidence []Evidence    // counts that its figure needs

	// Exactly one of the two is set: OpenOnce if Once is above 0.
	Open     Opening
	OpenOnce OpeningOnce
}

// WithN returns the case with n as the n of its name.
func (c Case) WithN(n int) Case {
	c.N, c.Name = n, c.Name.With("n", strconv.Itoa(n))
	return c
}

// Evidence shows that a case measured what its name says: a count has to come
// to a given number for each op, or for each of another count.
type Evidence struct {
	Count          string  // the count
	Of             string  // the count that it is a share of; "" for ops
	Rate           float64 // expected for each op, or for each of Of
	RateTolerance  float64 // by how much the rate may be off
	CountTolerance float64 // by how much the count may be off in addition

	// Witness is the count of other evidence of the same case. A Witness is
	// needed where the tolerances would accept half of the count, or twice. The
	// other evidence accepts neither.
	Witness string
}

// Provable is the least number of ops whose evidence counts: with fewer, the
// few switches around a slice weigh more than those in it.
const Provable = 1000

// An EvidenceError says that a case measured something other than its name.
type EvidenceError struct {
	Evidence Evidence
	N        float64 // ops, or the count Of
	Expected float64
	Seen     float64
}

func (e *EvidenceError) Error() string {
	of := e.Evidence.Of
	if of == "" {
		of = "ops"
	}
	return fmt.Sprintf("expected %.6g %s of %.0f %s, give or take %.6g; seen %.6g", e.Expected, e.Evidence.Count, e.N, of, e.Evidence.CountTolerance+e.Evidence.RateTolerance*e.N, e.Seen)
}

// Check compares the counts of a measurement of ops ops with the case's
// evidence. The error is an *EvidenceError. Without an error, proven is false
// where Unproven has a reason. A case without evidence here proves itself in
// its Run.
func (c Case) Check(ops int, counts map[string]int64) (proven bool, err error) {
	if ops < Provable && len(c.Evidence) > 0 {
		return false, nil
	}
	for _, w := range c.Evidence {
		n, seen, told := w.Tally(ops, counts)
		if expected := w.Rate * n; told && math.Abs(seen-expected) > w.CountTolerance+w.RateTolerance*n {
			return true, &EvidenceError{Evidence: w, N: n, Expected: expected, Seen: seen}
		}
	}
	return c.Unproven(ops, counts) == "", nil
}

// Tally returns how many of the count were seen, and the number of ops or of
// the other count. told is false if one of the two was not counted.
func (w Evidence) Tally(ops int, counts map[string]int64) (n, seen float64, told bool) {
	all := int64(ops)
	count, told := counts[w.Count]
	if w.Of != "" {
		of, ok := counts[w.Of]
		all, told = of, told && ok
	}
	return float64(all), float64(count), told
}

// Unproven says why the counts of that many ops prove nothing, "" if they do:
// the ops are too few, or a count is missing. A count that the system doesn't
// report is missing, not 0.
func (c Case) Unproven(ops int, counts map[string]int64) string {
	if ops < Provable && len(c.Evidence) > 0 {
		return fmt.Sprintf("%d ops are too few for its evidence, which takes %d", ops, Provable)
	}
	for _, w := range c.Evidence {
		switch n, _, told := w.Tally(ops, counts); {
		case !told && w.Of == "":
			return fmt.Sprintf("no count of %s, which is its evidence", w.Count)
		case !told || n == 0:
			return fmt.Sprintf("no count of %s of %s, which is its evidence", w.Count, w.Of)
		}
	}
	return ""
}

// reported are the counts that become figures, by unit: each divided by ops, or
// by the count of.
var reported = []struct{ unit, count, of string }{
	{"kernel-switches/op", "kernel-switches", ""},
	{"crossed/op", "crossed", "samples"},
	{"threads/op", "threads", ""},
	{"faults/op", "faults", ""},
	{"moved/op", "moved", ""},
	{"syscalls/op", "syscalls", ""},
}

// Figures returns a measurement's figures by unit, its counts included, without
// its time.
func Figures(ops int, counts map[string]int64, figures map[string]float64) map[string]float64 {
	all := map[string]float64{}
	maps.Copy(all, figures)
	for _, r := range reported {
		seen, ok := counts[r.count]
		n := float64(ops)
		if r.of != "" {
			n = float64(counts[r.of])
		}
		if ok && n > 0 {
			all[r.unit] = float64(seen) / n
		}
	}
	return all
}

// Spec returns how to start the case's worker at the site. program is the bench
// test binary; another worker's program is built beside it. The error is a
// *lockstep.Skip if the case can't be measured there.
func (c Case) Spec(program string, site Site) (lockstep.Spec, error) {
	spec := lockstep.Spec{
		Path:   program,
		Turn:   c.Turn,
		Silent: "a fault on a raw thread is silent; set " + threads.FaultsVariable + "=1 in the environment, and it reports its place",
	}
	pinned := c.Name.Get("place") == "same" || c.Name.Get("place") == "cross"
	count := len(site.CPUs)
	switch {
	case c.CPUs > len(site.CPUs):
		return spec, lockstep.Skipf("%d CPU allowed, %d wanted; raise the affinity mask or the cpuset of this process", len(site.CPUs), c.CPUs)
	case pinned && !host.CanPin:
		return spec, lockstep.Skipf("%s can't hold a process on a CPU", runtime.GOOS)
	case c.CPUs == 0, !host.CanPin:
	case c.CPUs == len(site.CPUs):
		count = c.CPUs
	default:
		count = c.CPUs
		spec.CPUs = append([]int{site.CPU}, site.Elsewhere()...)[:c.CPUs]
	}
	if c.C {
		var err error
		if spec.Path, err = CProgram(program); err != nil {
			return spec, err
		}
	}
	procs := c.Procs
	if procs == 0 {
		procs = count
	}
	spec.Env = Environ(os.Environ(), append([]string{
		WorkerVariable + "=" + c.Name.String(),
		CpuVariable + "=" + strconv.Itoa(site.CPU),
		"GOMAXPROCS=" + strconv.Itoa(procs),
	}, c.Env...)...)
	return spec, nil
}
