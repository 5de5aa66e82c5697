package claims

import (
	"fmt"
	"strings"

	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// A form is a statement in smaller numbers, for a run that has little time. It
// decides where a file lacks a row of the whole.
type form struct {
	needs []condition // all of them must hold; the first is the primary one
	finds string      // as a statement's
	whole string      // what the whole has besides
}

// formsStated is the day on which all the smaller forms were written down.
const formsStated = "2026-11-29"

// in chooses the conditions that decide by a file, and holds the file against
// them. Which rows there are chooses, never what they say. finds is the wording
// of the primary one's figure. smaller tells what stands in the whole form alone,
// "" where that one decides.
func (s statement) in(f *results.File) (found []Finding, finds, smaller string) {
	found = findAll(s.needs, f)
	if s.small == nil || allThere(found) {
		return found, s.finds, ""
	}
	if small := findAll(s.small.needs, f); allThere(small) {
		return small, s.small.finds, fmt.Sprintf("in smaller numbers, which were chosen on %s, after runs (-profile full has %s)", formsStated, s.small.whole)
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

// Forms are the rows that decide each statement, by its id: those of the whole,
// and those of its smaller form where it has one.
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

// Factors are the rows whose factor over the goroutine arm is the primary
// condition of a statement, in either form.
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

// A Change of a statement's measure or bound was made after a run whose figures
// were seen.
type Change struct {
	Date   string `json:"date"`
	What   string `json:"what"`
	Why    string `json:"why"`
	Before string `json:"before"` // what the last reference before it said
}

// String is the change in a sentence.
func (c Change) String() string {
	return fmt.Sprintf("%s: %s, since %s; before: %s", c.Date, c.What, c.Why, c.Before)
}

// since is the day from which on measure and bound stand as they do.
func (s statement) since() string {
	if n := len(s.changes); n > 0 {
		return s.changes[n-1].Date
	}
	return s.stated
}

// History is all that became of the statement's measure and bound after runs, ""
// where nothing did.
func (e Entry) History() string {
	var all []string
	for _, c := range e.Changes {
		all = append(all, c.String())
	}
	return strings.Join(all, ". ")
}

// Latest is the last of that in a line.
func (e Entry) Latest() string {
	n := len(e.Changes)
	if n == 0 {
		return ""
	}
	last := e.Changes[n-1]
	s := fmt.Sprintf("changed after a run, %s: %s; the reference before said: %s", last.Date, last.What, last.Before)
	if n > 1 {
		s += fmt.Sprintf(" (-format markdown has %s more)", prose.Count(n-1, "change"))
	}
	return s
}
