package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/scripts/internal/prose"
)

// defaultPlan is the plan for results/calibration.md. It takes a night.
const defaultPlan = "own=100,own+5%=20,own+10%=20,own@1%=20,own@1%+5%=10,own@1%+10%=10," +
	"xxhash=20,xxhash+5%=10,xxhash+10%=10,toml=20,toml+5%=10,toml+10%=10,btree=20,btree+5%=10,btree+10%=10"

// A cell is a kind of run.
type cell struct {
	subject string
	margin  float64 // 0.01 is 1%; 0 for the gate's default
	inject  float64 // the slowdown of all of head's rows; 0 if nothing has changed
}

// String is the cell as in -plan: "own@1%+5%".
func (c cell) String() string {
	s := c.subject
	if c.margin > 0 {
		s += "@" + prose.Percent(c.margin)
	}
	if c.inject > 0 {
		s += "+" + prose.Percent(c.inject)
	}
	return s
}

func (c cell) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

var form = regexp.MustCompile(`^([a-z0-9]+)(?:@([0-9.]+)%)?(?:\+([0-9.]+)%)?$`)

func (c *cell) UnmarshalText(text []byte) error {
	m := form.FindSubmatch(text)
	if m == nil {
		return errors.New("it is no SUBJECT[@MARGIN%][+SLOWDOWN%]")
	}
	c.subject = string(m[1])
	s, err := subjectOf(c.subject)
	if err != nil {
		return err
	}
	for i, to := range []*float64{&c.margin, &c.inject} {
		given := string(m[2+i])
		if *to = 0; given == "" {
			continue
		}
		percent, err := strconv.ParseFloat(given, 64)
		if err != nil || percent < 0.01 || percent > 100 {
			return fmt.Errorf("%s%% is no percentage from 0.01%% to 100%%", given)
		}
		*to, _ = strconv.ParseFloat(strconv.FormatFloat(percent/100, 'g', 6, 64), 64)
	}
	if c.inject > 0 && s.module != "" {
		_, err = period(c.inject)
	}
	return err
}

// A goal is a cell and how many runs of it are wanted.
type goal struct {
	cell
	runs int
}

// parsePlan reads goals, SUBJECT[@MARGIN%][+SLOWDOWN%]=RUNS, separated by
// commas.
func parsePlan(s string) ([]goal, error) {
	var goals []goal
	for text := range strings.SplitSeq(s, ",") {
		var g goal
		sort, runs, _ := strings.Cut(strings.TrimSpace(text), "=")
		err := g.UnmarshalText([]byte(sort))
		if err == nil {
			if g.runs, err = strconv.Atoi(runs); err != nil || g.runs < 0 {
				err = fmt.Errorf("%q is no number of runs", runs)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("-plan: %q: %w; a part is SUBJECT[@MARGIN%%][+SLOWDOWN%%]=RUNS, such as own=100 or own@1%%+5%%=20", text, err)
		}
		if slices.ContainsFunc(goals, func(other goal) bool { return other.cell == g.cell }) {
			return nil, fmt.Errorf("-plan: %v stands twice; give each once", g.cell)
		}
		goals = append(goals, g)
	}
	return goals, nil
}

// done are the runs of a cell that have a verdict.
func done(c cell, all []*trial) []*trial {
	return slices.DeleteFunc(slices.Clone(all), func(r *trial) bool { return r.Cell != c || r.Error != "" })
}

// apart tells whether the cell's next run links head in a layout of its own, as
// other code would be. A slower head is other code, so its runs always do.
// Where nothing has changed every other run does: a gate meets changes that
// move code, and changes, of an environment for example, that move none.
func (c cell) apart(all []*trial) bool { return c.inject > 0 || len(done(c, all))%2 == 1 }

// unknown is how long a cell's first run may take: the gate's budget, and the
// builds before it.
const unknown = 6 * time.Minute

// expected is how long the cell's next run takes, from its earlier runs.
func expected(c cell, all []*trial) time.Duration {
	past := done(c, all)
	if len(past) == 0 {
		return unknown
	}
	sum := 0.0
	for _, r := range past {
		sum += r.Seconds
	}
	return time.Duration(sum / float64(len(past)) * float64(time.Second))
}

// next is the goal to go on with, among those whose next run fits. It is the
// goal that is furthest behind with that run (D'Hondt's method), so that
// whenever the time is over each goal has its share. Of goals that are equally
// far behind, the first is next.
func next(goals []goal, all []*trial, fits func(cell) bool) (goal, bool) {
	share := func(g goal) float64 { return float64(len(done(g.cell, all))+1) / float64(g.runs) }
	open := slices.DeleteFunc(slices.Clone(goals), func(g goal) bool { return share(g) > 1 || !fits(g.cell) })
	if len(open) == 0 {
		return goal{}, false
	}
	return slices.MinFunc(open, func(a, b goal) int { return cmp.Compare(share(a), share(b)) }), true
}

// left says what is still missing from the plan.
func left(goals []goal, all []*trial) string {
	takes := time.Duration(0)
	var parts []string
	for _, g := range goals {
		if n := g.runs - len(done(g.cell, all)); n > 0 {
			takes += time.Duration(n) * expected(g.cell, all)
			parts = append(parts, fmt.Sprintf("%v=%d", g.cell, n))
		}
	}
	if parts == nil {
		return "the plan is done"
	}
	about := strings.TrimSuffix(max(takes.Round(time.Minute), time.Minute).String(), "0s")
	return fmt.Sprintf("the plan lacks %s, about %s", strings.Join(parts, ","), about)
}
