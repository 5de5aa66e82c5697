package claims

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// Looks are the numbers of rounds after which "run -until decided" checks which
// statements are decided. They are in the plan of the results file before the
// first round. The error is spent in equal parts: with K looks, a statement is
// decided at a look if Holm's procedure over the undecided statements rejects
// at Level/K.
//
// So the chance of any wrong verdict at any look is at most Level, whatever the
// dependence between looks and between statements. Proof: let t statements be
// such that a verdict on them would be wrong. Until the first wrong verdict
// none of them is decided, so the first wrong verdict needs a p-value of at
// most Level/K/t. One of t statements at one of K looks has such a p-value with
// a chance of at most t·K·Level/(K·t). Each p-value is exact at its number of
// rounds. A row that is no longer measured changes nothing: its statements are
// decided, or given up.
//
// Sources: Bonferroni's inequality over looks is the simplest spending of error
// (Lan and DeMets, Discrete Sequential Boundaries for Clinical Trials, 1983).
// Holm's step-down within it is from Maurer and Bretz, Multiple Testing in
// Group Sequential Trials Using Graphical Approaches, 2013. Rejected: the
// boundaries of Pocock, and of O'Brien and Fleming. They presume normal
// statistics with independent increments, which signed ranks of 12 rounds are
// not. The latter leave next to nothing for the first look, at which most
// statements are decided.
//
// The first look has the fewest rounds that can decide anything at Level/K;
// each further look has half as many again.
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

// looked are the verdicts of the looks made so far, of so many planned.
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

// further says what would decide a statement if further rounds were like the
// file's: it repeats the rounds until they decide.
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
			return fmt.Sprintf("too near to its bound for these rounds; about %d rounds like these would decide it: go on with -resume and a longer -budget", n)
		default:
			return fmt.Sprintf("too near to its bound for these rounds; about %d rounds like these would decide it, more than the %d of the last look: make a new run with -rounds", n, last)
		}
	}
	return fmt.Sprintf("too near to its bound: not even %d rounds like these would decide it; try another machine or profile", most*f.Rounds)
}

// repeated is a file with each round repeated so many times.
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

// Needed are the statements, by id, that further rounds may decide, and the
// names of the rows that these rounds must measure. Before the first look, or
// without a file, that is the whole ledger. A statement that lacked a row at a
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
