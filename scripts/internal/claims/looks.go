package claims

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// Looks are the numbers of rounds after which "run -until decided" sees which
// statements are decided. They are stated before the first round, in the plan of
// the results file, and the error is spent in equal parts: with K looks, a
// statement is decided at a look if Holm's procedure over the undecided ones
// rejects at Level/K.
//
// So the chance of any wrong verdict at any look is at most Level, whatever the
// dependence between looks and between statements. Let t statements be such that
// a verdict on them would be wrong. Until the first wrong verdict none of them is
// decided, so that one takes a p-value of at most Level/K/t, and t statements
// with K looks each have such a p-value with a chance of t·K·Level/(K·t).
// Each p-value is exact at its number of rounds. A row that is no longer
// measured changes nothing: its statements are decided, or given up.
//
// Sources: Bonferroni's inequality over looks is the simplest spending of error
// (Lan and DeMets, Discrete Sequential Boundaries for Clinical Trials, 1983).
// Holm's step-down within it is of Maurer and Bretz, Multiple Testing in Group
// Sequential Trials Using Graphical Approaches, 2013. Rejected: the boundaries
// of Pocock, and of O'Brien and Fleming. They presume normal statistics with
// independent increments, which signed ranks of 12 rounds are not; the latter
// leave the first look next to nothing, where most statements are decided.
//
// The first look has the least rounds that can decide anything at Level/K; each
// further one has half as many again.
var Looks = []int{12, 18, 27, 40, 60}

// lookedAt decides the ledger by a file whose run made looks.
func lookedAt(ledger []statement, f *results.File) []Entry {
	looks := f.Looks()
	made := 0
	for made < len(looks) && looks[made] <= f.Rounds {
		made++
	}
	if made == 0 {
		entries, ps := weigh(ledger, f)
		settle(ledger, entries, slices.Repeat([]float64{1}, len(ps)), f)
		for i := range entries {
			if e := &entries[i]; e.Verdict == Inconclusive {
				e.Reason = fmt.Sprintf("the first look is after %s: go on with -resume", prose.Count(looks[0], "round"))
			}
		}
		return entries
	}
	entries := looked(ledger, f, looks[:made], len(looks))
	then := f.After(looks[made-1])
	for i := range entries {
		if e := &entries[i]; e.Verdict == Inconclusive {
			_, _, smaller := ledger[i].in(then)
			e.Reason = joined(further(ledger[i], then, undecided(entries), looks), smaller)
		}
	}
	return entries
}

// looked are the verdicts of the looks that were made, of so many planned.
func looked(ledger []statement, f *results.File, made []int, planned int) (entries []Entry) {
	for _, n := range made {
		then := f.After(n)
		now, ps := weigh(ledger, then)
		for i := range ps {
			ps[i] *= float64(planned)
			switch {
			case entries == nil:
			case entries[i].decided():
				ps[i] = 0
			case entries[i].Verdict == Missing:
				ps[i] = 1
			}
		}
		settle(ledger, now, ps, then)
		for i := range now {
			if entries != nil && entries[i].Verdict != Inconclusive {
				now[i] = entries[i]
			} else if now[i].decided() {
				now[i].Reason = joined(now[i].Reason, fmt.Sprintf("decided after %d rounds", n))
			}
		}
		entries = now
	}
	return entries
}

func (e Entry) decided() bool { return e.Verdict == Holds || e.Verdict == Fails }

// undecided is how many statements have no verdict.
func undecided(entries []Entry) int {
	n := 0
	for _, e := range entries {
		if !e.decided() {
			n++
		}
	}
	return n
}

// further says what would decide a statement, if further rounds are like those
// of the file: the rounds are repeated until they do.
func further(s statement, f *results.File, open int, looks []int) string {
	if found, _, _ := s.in(f); slices.ContainsFunc(found, Finding.between) {
		return twoBounds
	}
	const most = 10
	last := looks[len(looks)-1]
	for times := 2; times <= most; times++ {
		_, ps := weigh([]statement{s}, repeated(f, times))
		n := times * f.Rounds
		switch {
		case ps[0]*float64(open*len(looks)) >= Level:
		case n <= last:
			return fmt.Sprintf("too near to its bound for these rounds; about %d like these decide it, which -resume with a longer -budget makes", n)
		default:
			return fmt.Sprintf("too near to its bound for these rounds; about %d like these decide it, more than the %d of the last look: a run of its own with -rounds makes them", n, last)
		}
	}
	return fmt.Sprintf("too near to its bound: not even %d rounds like these decide it; another machine or profile may", most*f.Rounds)
}

// repeated is a file with its rounds so many times.
func repeated(f *results.File, times int) *results.File {
	more := *f
	more.Rows = nil
	for _, row := range f.Rows {
		r := *row
		for k := 1; k < times; k++ {
			for _, run := range row.Runs {
				run.Round += k * f.Rounds
				r.Runs = append(r.Runs, run)
			}
		}
		more.Rows = append(more.Rows, &r)
	}
	return &more
}

// Needed are the statements, by id, that further rounds of the file's run may
// decide, and the names of the rows that these rounds have to measure: the whole
// ledger before the first look, or of no file. A statement that lacked a row at a
// look, or that no further round decides, is given up.
func Needed(f *results.File) (ids []string, rows map[string]bool) {
	rows = map[string]bool{}
	need := func(id string, names ...string) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		for _, name := range names {
			rows[name] = true
		}
	}
	if f == nil || f.Rounds < f.Looks()[0] {
		for _, s := range statements {
			needs := s.needs
			if s.small != nil {
				needs = append(needs[:len(needs):len(needs)], s.small.needs...)
			}
			for _, c := range needs {
				need(s.id, c.value.rows...)
			}
		}
		return ids, rows
	}
	for _, e := range Judge(f) {
		for _, n := range e.Needs {
			if e.Verdict == Inconclusive && !e.stuck() {
				need(e.ID, n.Rows...)
			}
		}
	}
	return ids, rows
}

// Spending says how the error is spent over looks: "after 12, 18, 27, 40, 60
// rounds, at 1% each".
func Spending(looks []int) string {
	var all []string
	for _, n := range looks {
		all = append(all, fmt.Sprint(n))
	}
	return fmt.Sprintf("after %s rounds, at %.3g%% each", strings.Join(all, ", "), 100*Level/float64(len(looks)))
}
