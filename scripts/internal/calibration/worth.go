package calibration

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"threadbench/scripts/internal/gate/verdict"
)

// Worth says what the file's runs make of a run of the gate on the machine of
// the configuration: of these rows and so many rounds, its sides in one layout
// each round or, apart, in two. Only runs of just those rows count, and of them
// those whose length is the nearest, if that is from two thirds to one and a
// half of this one's. ok is false if there are none, and text says why.
func (f *File) Worth(config map[string]string, rules verdict.Rules, rows []verdict.Row, rounds int, apart bool) (text string, ok bool, err error) {
	if len(f.Sessions) == 0 {
		return fmt.Sprintf("The calibration data %s hold no runs", f.Name), false, nil
	}
	for _, s := range f.Sessions {
		if key, was, is := s.Differs(config); key != "" {
			return fmt.Sprintf("The calibration data %s are another machine's (%s %s, here %s)", f.Name, key, was, is), false, nil
		}
		if s.Alpha != rules.Alpha || s.Margin != rules.Margin {
			return fmt.Sprintf("The calibration data %s are of another margin (%s)", f.Name, percent(s.Margin)), false, nil
		}
	}
	var like []*Run
	for _, r := range f.Runs {
		if r.Error == "" && (r.Kind != Rebuilt || apart) && sameRows(r, rows) {
			like = append(like, r)
		}
	}
	cells, err := cellsOf(like)
	if err != nil {
		return "", false, err
	}
	budget, off := Duration(0), math.Log(1.5)
	for _, c := range cells {
		if d := math.Abs(math.Log(float64(c.Rounds[1]) / float64(rounds))); d <= off {
			budget, off = c.Budget, d
		}
	}
	if budget == 0 {
		return fmt.Sprintf("The calibration data %s have no runs of these rows with about %d rounds", f.Name, rounds), false, nil
	}
	var alarms Count
	var found []string
	for _, c := range cells {
		if c.Budget != budget {
			continue
		}
		count := c.Found
		if apart && c.Kind != Rebuilt {
			count = c.Apart
		}
		if c.Inject == 0 {
			alarms.K, alarms.N = alarms.K+count.K, alarms.N+count.N
			continue
		}
		if c.Kind == Rebuilt {
			continue
		}
		worst := slices.MinFunc(c.Rows, func(a, b RowCount) int { return a.of(apart).K - b.of(apart).K }).of(apart)
		found = append(found, fmt.Sprintf("+%s in %v", percent(c.Inject), worst))
	}
	text = fmt.Sprintf("What such a run is worth on this machine (%s, runs of %v): ", f.Name, budget)
	if alarms.N > 0 {
		text += fmt.Sprintf("with nothing changed, %v said regression (at most %s do, at 95%%)", alarms, percent(alarms.Upper(level)))
	} else {
		text += "no run with nothing changed"
	}
	if found != nil {
		text += "; of the slowdowns injected it found, in the row where it finds the least, " + strings.Join(found, ", ")
	}
	return text + ".", true, nil
}

// of is the count of runs whose sides had one layout, or two.
func (r RowCount) of(apart bool) Count {
	if apart && r.Apart.N > 0 {
		return r.Apart
	}
	return r.Found
}

// sameRows tells whether a run is of just these rows.
func sameRows(r *Run, rows []verdict.Row) bool {
	if len(r.Rows) != len(rows) {
		return false
	}
	for _, row := range rows {
		if !slices.ContainsFunc(r.Rows, func(of Row) bool { return of.Name == row.Name && of.Unit == row.Unit }) {
			return false
		}
	}
	return true
}
