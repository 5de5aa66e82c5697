package results

import "encoding/json"

// Looks are the numbers of rounds after which the run was to see what its
// rounds decide, and to go on with the rows of what they don't: stated in the
// file's plan before the first round, in ascending order. It is nil for a run of
// a fixed number of rounds.
func (f *File) Looks() []int {
	var plan struct{ Looks []int }
	if json.Unmarshal([]byte(f.Plan), &plan) != nil {
		return nil
	}
	return plan.Looks
}

// After is the file as it stood after so many rounds.
func (f *File) After(rounds int) *File {
	then := *f
	then.Rounds, then.Rows, then.Notes = min(f.Rounds, rounds), nil, nil
	last := 0 // the line of the last run
	for _, row := range f.Rows {
		r := *row
		r.Runs = nil
		for _, run := range row.Runs {
			if run.Round <= rounds {
				r.Runs = append(r.Runs, run)
				last = max(last, run.Line)
			}
		}
		if r.Runs != nil {
			then.Rows = append(then.Rows, &r)
		}
	}
	for _, n := range f.Notes {
		if n.Line < last || last == 0 {
			then.Notes = append(then.Notes, n)
		}
	}
	return &then
}
