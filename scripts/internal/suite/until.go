package suite

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// decided is the only value of -until.
const decided = "decided"

// parseUntil checks the flags that go with -until and -budget, and makes the
// plan.
func (o *options) parseUntil(set map[string]bool) error {
	switch {
	case !set["until"] && set["budget"]:
		return fmt.Errorf("-budget %v needs -until decided; give that, too, or give -rounds instead", o.budget)
	case !set["until"]:
		return nil
	case o.until != decided:
		return fmt.Errorf("-until %q is unknown; give -until decided", o.until)
	case set["rounds"]:
		return fmt.Errorf("-rounds and -until exclude each other: with -until decided a run looks %s", claims.Spending(claims.Looks))
	case o.budget <= 0:
		return fmt.Errorf("-budget %v is too short; give a time like 20m", o.budget)
	}
	o.plan.Looks = claims.Looks
	if !set["profile"] {
		o.plan.Profile = "full"
	}
	return nil
}

// undecided are the statements that further rounds of a file may decide, and
// those of the cases that they need.
func undecided(cases []measure.Case, f *results.File) (ids []string, needed []measure.Case) {
	ids, rows := claims.Needed(f)
	return ids, slices.DeleteFunc(slices.Clone(cases), func(c measure.Case) bool { return !rows[c.Name.String()] })
}

// untilDecided measures from look to look: first all cases, then the rows of the
// undecided statements, until none is left or the next look is beyond the
// budget. It reports that on stderr. The ledger says what would decide the
// others.
func (m *machine) untilDecided(ctx context.Context, o options, cases []measure.Case, out *output, stderr io.Writer) error {
	begun := time.Now()
	fmt.Fprintf(stderr, "looks %s: the chance of any wrong verdict is at most %g%% (Bonferroni over looks, Holm over statements)\n", claims.Spending(o.plan.Looks), 100*claims.Level)
	for _, look := range o.plan.Looks {
		if out.next > look {
			continue
		}
		var file *results.File
		if out.next > 1 {
			var err error
			if file, err = results.ReadFile(o.out); err != nil {
				return err
			}
		}
		ids, needed := undecided(cases, file)
		if look == o.plan.Looks[0] {
			needed = cases
		}
		if len(needed) == 0 {
			break
		}
		gs := o.profile.groups(needed)
		fmt.Fprintf(stderr, "measuring %s for %s: %s\n", prose.Count(len(needed), "row"), prose.Count(len(ids), "statement"), strings.Join(ids, ", "))
		if m.took == nil { // nobody knows yet how long a round takes
			if err := m.rounds(ctx, o, gs, out, out.next, stderr); err != nil {
				return err
			}
			m.deadline = begun.Add(o.budget)
		}
		round, left := m.estimate(gs), look-out.next+1
		ends := time.Duration(left) * round
		fmt.Fprintf(stderr, "a round takes about %v; the next look is after round %d: %s, %v\n", round.Round(time.Second), look, prose.Count(left, "more round"), ends.Round(time.Second))
		if time.Now().Add(ends).Before(m.deadline) {
			if err := m.rounds(ctx, o, gs, out, look, stderr); err != nil {
				return err
			}
		}
		if out.next <= look {
			more := time.Duration(look-out.next+1) * round
			fmt.Fprintf(stderr, "the look after %d rounds is beyond the budget of %v; go on with -resume %s -budget %v -o %s\n", look, o.budget, flags(o.plan)+o.allowing(), (more+more/4).Round(time.Minute)+time.Minute, commandline.Quote(o.out))
			break
		}
	}
	fmt.Fprintf(stderr, "measured %d rounds in %v\n", out.next-1, time.Since(begun).Round(time.Second))
	return nil
}

// note records how long a group took in a round.
func (m *machine) note(g group, took time.Duration) {
	if m.took == nil {
		m.took = map[string]time.Duration{}
	}
	m.took[g.name()] = took / time.Duration(len(g.arms()))
}

// estimate is how long a round of the groups takes, from each arm's last time.
func (m *machine) estimate(gs []group) (round time.Duration) {
	for _, g := range gs {
		round += m.took[g.name()] * time.Duration(len(g.arms()))
	}
	return round
}

// name is the name of the goroutine arm that the group's cases refer to.
func (g group) name() string { return g.cases[0].Name.Ref().String() }
