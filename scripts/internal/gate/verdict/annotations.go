package verdict

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"threadbench/scripts/internal/prose"
)

// mostAnnotations is how many annotations of a level GitHub shows for one step.
// It drops further ones silently.
const mostAnnotations = 10

// Annotations renders the report as workflow commands of GitHub Actions: one
// for the verdict, one for each remark and each benchmark without figures, and
// one for each row that is worse, undecided or better. With exit code 0 none is
// an error. Of each level at most ten are written; the last says how many were
// left out.
func (r *Report) Annotations(w io.Writer) error {
	type annotation struct {
		level, title, text string
	}
	level := map[Verdict]string{"": Notice, Pass: Notice, Regression: Error, Inconclusive: Warning, Invalid: Error}
	all := []annotation{{level[r.Verdict], "gate: " + string(r.Verdict), r.Headline() + " (" + r.standing() + ")"}}
	for _, m := range r.loud() {
		all = append(all, annotation{m.Level, "gate", m.Text})
	}
	for _, m := range r.Missing {
		all = append(all, annotation{level[m.Verdict], "without figures: " + m.Name, m.Why})
	}
	for _, res := range r.sorted() {
		switch {
		case res.Improved:
			all = append(all, annotation{Notice, "better: " + res.Row.String(), res.proof()})
		case res.Verdict == Regression || res.Verdict == Inconclusive:
			all = append(all, annotation{level[res.Verdict], string(res.Verdict) + ": " + res.Row.String(), res.proof()})
		}
	}
	for i := range all {
		if all[i].level == Error && r.ExitCode() == 0 {
			all[i].level = Warning
		}
	}
	total, written := map[string]int{}, map[string]int{}
	for _, a := range all {
		total[a.level]++
	}
	b := bufio.NewWriter(w)
	for _, a := range all {
		written[a.level]++
		switch n := written[a.level]; {
		case n > mostAnnotations:
			continue
		case n == mostAnnotations && total[a.level] > n:
			a.title, a.text = "gate", fmt.Sprintf("%d more of this level: see the report", total[a.level]-n+1)
		}
		fmt.Fprintf(b, "::%s title=%s::%s\n", a.level, property(a.title), data(a.text))
	}
	return b.Flush()
}

// data escapes a workflow command's message, and property a property's value,
// as GitHub's toolkit does. Line ends, which the toolkit escapes, too, have
// become spaces before.
func data(s string) string { return strings.ReplaceAll(prose.Legible(s), "%", "%25") }

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
