package runs

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
)

// Worth says what the file's runs make of a run of the gate with this
// configuration, of these rows and so many rounds, its sides in one layout each
// round or apart. Runs of just these rows count, of two thirds to one and a
// half as many rounds. If there are none, known is false, and text says why.
func (f *File) Worth(config map[string]string, rules verdict.Rules, rows []verdict.Row, rounds int, apart bool) (text string, known bool, err error) {
	if key, was, is := f.Differs(config); key != "" {
		return fmt.Sprintf("The calibration data %s are another machine's (%s %s, here %s)", f.Name, key, was, is), false, nil
	}
	like := slices.DeleteFunc(slices.Clone(f.Runs), func(r *Run) bool {
		return 3*r.Rounds < 2*rounds || 2*r.Rounds > 3*rounds || r.Session.Alpha != rules.Alpha || r.Session.Margin != rules.Margin ||
			!slices.EqualFunc(r.Rows, rows, func(a Row, b verdict.Row) bool { return a.Name == b.Name && a.Unit == b.Unit })
	})
	answers, err := answersOf(like)
	slowdowns, of := group(slices.DeleteFunc(answers, func(a *answer) bool { return a.apart != apart }), func(a *answer) float64 { return a.Inject })
	if err != nil || len(of[0]) == 0 {
		return fmt.Sprintf("The calibration data %s have no runs of these rows with this margin and about %d rounds in which nothing had changed", f.Name, rounds), false, err
	}
	alarms := count(of[0], (*answer).alarm)
	text = fmt.Sprintf("What such a run is worth on this machine (%s): with nothing changed, %v said regression (at most %s do, at 95%%)", f.Name, alarms, prose.Percent(alarms.Upper(level)))
	var found []string
	slices.Sort(slowdowns)
	for _, s := range slowdowns[1:] {
		least := Count{len(of[s]), len(of[s])}
		_, byName := group(rowsOf(of[s]), row.name)
		for _, rows := range byName {
			least.K = min(least.K, count(rows, row.found).K)
		}
		found = append(found, fmt.Sprintf("+%s in %v", prose.Percent(s), least))
	}
	if found != nil {
		text += "; of the slowdowns injected it found, in the row where it finds the least, " + strings.Join(found, ", ")
	}
	return text + ".", true, nil
}
