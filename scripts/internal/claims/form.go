package claims

import (
	"fmt"
	"strings"

	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// A form is a statement in smaller numbers, for a run with little time. It
// decides if a file lacks a row of the whole statement.
type form struct {
	needs []condition // all must hold; the first is the primary one
	finds string      // as a statement's
	whole string      // what the whole statement has besides
}

// formsStated is the day on which the smaller forms were written down.
const formsStated = "2026-11-29"

// in chooses which form's conditions a file decides, and tests them. The rows
// that exist make the choice, never their figures. finds is the sentence for the
// primary condition's figure. smaller says what only the whole form has, "" if
// that form decides.
func (s statement) in(f *results.File) (found []Finding, finds, smaller string) {
	found = findAll(s.needs, f)
	if s.small == nil || allThere(found) {
		return found, s.finds, ""
	}
	if small := findAll(s.small.needs, f); allThere(small) {
		return small, s.small.finds, fmt.Sprintf("in smaller numbers, chosen on %s after runs were seen (-profile full has %s)", formsStated, s.small.whole)
	}
	return found, s.finds, ""
}

func findAll(needs []condition, f *results.File) (found []Finding) {
	for _, c := range needs {
		found = append(found, find(c, f))
	}
	return found
}

func allThere(found []Finding) bool {
	for _, n := range found {
		if !n.There {
			return false
		}
	}
	return true
}

// Forms are the rows that decide each statement, by its id: rows of the whole,
// and rows of its smaller form if there is one.
func Forms() map[string][][]string {
	all := map[string][][]string{}
	for _, s := range statements {
		forms := [][]condition{s.needs}
		if s.small != nil {
			forms = append(forms, s.small.needs)
		}
		for _, needs := range forms {
			var rows []string
			for _, c := range needs {
				rows = append(rows, c.value.rows...)
			}
			all[s.id] = append(all[s.id], rows)
		}
	}
	return all
}

// Primary are the rows of the statements' primary conditions, in either form.
func Primary() (rows []string) {
	for _, s := range statements {
		rows = append(rows, s.needs[0].value.rows...)
		if s.small != nil {
			rows = append(rows, s.small.needs[0].value.rows...)
		}
	}
	return rows
}

// Factors are the rows whose factor over the goroutine arm is a statement's
// primary condition, in either form.
func Factors() (rows []string) {
	for _, s := range statements {
		forms := s.needs[:1:1]
		if s.small != nil {
			forms = append(forms, s.small.needs[0])
		}
		for _, c := range forms {
			if c.value.factor != nil {
				rows = append(rows, c.value.rows[0])
			}
		}
	}
	return rows
}

// A Change of a statement's measure or bound is one that was made after a run
// whose figures were seen.
type Change struct {
	Date   string `json:"date"`
	What   string `json:"what"`
	Why    string `json:"why"`
	Before string `json:"before"` // the verdict of the last reference before the change
}

// String is the change in a sentence.
func (c Change) String() string {
	return fmt.Sprintf("%s: %s, since %s; before: %s", c.Date, c.What, c.Why, c.Before)
}

// since is the day since which measure and bound are unchanged.
func (s statement) since() string {
	if n := len(s.changes); n > 0 {
		return s.changes[n-1].Date
	}
	return s.stated
}

// History is all changes of the statement's measure and bound after runs, "" if
// there are none.
func (e Entry) History() string {
	var all []string
	for _, c := range e.Changes {
		all = append(all, c.String())
	}
	return strings.Join(all, ". ")
}

// Latest is the last change, in a line.
func (e Entry) Latest() string {
	n := len(e.Changes)
	if n == 0 {
		return ""
	}
	last := e.Changes[n-1]
	s := fmt.Sprintf("changed after a run, %s: %s; before: %s", last.Date, last.What, last.Before)
	if n > 1 {
		s += fmt.Sprintf(" (-format markdown has %s)", prose.Count(n-1, "earlier change"))
	}
	return s
}
