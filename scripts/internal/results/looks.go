package results

import "encoding/json"

// Looks are the numbers of rounds, in ascending order, after which the run was
// to check which statements its rounds decide. It went on with the rows of the
// undecided statements. The file's plan states the looks before the first
// round. They are nil for a run with a fixed number of rounds.
func (f *File) Looks() []int {
	var plan struct{ Looks []int }
	if json.Unmarshal([]byte(f.Plan), &plan) != nil {
		return nil
	}
	return plan.Looks
}

// After is the file as it was after that many rounds.
func (f *File) After(rounds int) *File {
	then := *f
	then.Rounds, then.Rows, then.Notes = min(f.Rounds, rounds), nil, nil
	last := 0 // line of the last run
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
