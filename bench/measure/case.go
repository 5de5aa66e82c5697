// Package measure is the one measuring session: what a case is and what must be
// counted for its figure to stand, how its worker is started and lives, how the
// arms of a group are measured against each other in rounds, what becomes of
// that on a benchmark line, and what heads a results file. go test's adaptor,
// run, the gate, fidelity and calibrate all measure by it.
//
// A case is one arm of a pair. Everything about it stands in its table entry,
// in its family's package. Of ours it imports catalog, lockstep, the machine
// (host), and of threads the limits; no family.
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
	Once     int           // measurements in a round, each in a process of its own; 0 for a case of any number of slices in one
	CPUs     int           // CPUs that its worker gets: 1, 2, or 0 for all
	Procs    int           // its GOMAXPROCS, 0 for as many as it has CPUs
	Env      []string      // its environment beyond that, KEY=VALUE
	Turn     time.Duration // how long its turns are, 0 for the plan's slices (lockstep.Spec)
	HoldsP   bool          // its worker holds its P between the turns (see heldInput)
	Quick    bool          // it belongs to the short profile, too
	C        bool          // its worker is the one of C threads (see CThreads)
	Evidence []Evidence    // what must be counted for its figure to stand

	// One of the two is set: OpenOnce where Once is above 0.
	Open     Opening
	OpenOnce OpeningOnce
}

// WithN is the case with so many of what its name calls n.
func (c Case) WithN(n int) Case {
	c.N, c.Name = n, c.Name.With("n", strconv.Itoa(n))
	return c
}

// Evidence that a case measured what its name says: for so many ops (or for so
// many of another count), so many of a count are seen.
type Evidence struct {
	Count          string  // the count
	Of             string  // the count that it is a share of; "" for ops
	Rate           float64 // how many for each
	RateTolerance  float64 // by how many for each it may be off
	CountTolerance float64 // by how many in all it may be off besides

	// Witness is the count of other evidence of the same case. It stands where
	// the tolerances let half of the count pass, or twice: the other evidence
	// lets neither pass.
	Witness string
}

// Provable is the least number of ops whose evidence counts: with fewer, the
// few switches around a slice weigh more than those in it.
const Provable = 1000

// An EvidenceError says that a case measured something else than its name.
type EvidenceError struct {
	Evidence Evidence
	N        float64 // ops, or what the count is a share of
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

// Check holds the counts of a measurement of so many ops against what the
// case wants. The error is an *EvidenceError. Without an error, proven is
// false where Unproven has a reason. A case that wants nothing here proves
// itself in its Run.
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

// Tally is how many of the count were seen, and of how many ops or of another
// count. told is false if one of the two was not counted.
func (w Evidence) Tally(ops int, counts map[string]int64) (n, seen float64, told bool) {
	all := int64(ops)
	count, told := counts[w.Count]
	if w.Of != "" {
		of, ok := counts[w.Of]
		all, told = of, told && ok
	}
	return float64(all), float64(count), told
}

// Unproven says why the counts of so many ops don't show what was measured, ""
// if they do: the ops are too few, or a count is missing. A count that the
// system doesn't tell is missing, and is not 0.
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

// reported are the counts that become figures, by unit: each over ops, or
// over what it is a share of.
var reported = []struct{ unit, count, of string }{
	{"kernel-switches/op", "kernel-switches", ""},
	{"crossed/op", "crossed", "samples"},
	{"threads/op", "threads", ""},
	{"faults/op", "faults", ""},
	{"moved/op", "moved", ""},
	{"syscalls/op", "syscalls", ""},
}

// Figures are a measurement's figures by unit, its counts among them, but for
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

// Spec is how to start the case's worker at the site. program is the bench
// test binary; a worker that is another one is built beside it. A case that
// can't be measured there is a *lockstep.Skip.
func (c Case) Spec(program string, site Site) (lockstep.Spec, error) {
	spec := lockstep.Spec{
		Path:   program,
		Turn:   c.Turn,
		Silent: "a fault on a raw thread says nothing; with " + threads.FaultsVariable + "=1 in the environment it tells where it was",
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
