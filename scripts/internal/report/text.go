package report

import (
	"fmt"
	"io"

	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/table"
)

// Parts are the parts of a text before its summary.
type Parts struct{ Table, Ledger bool }

// Everything is all the parts.
var Everything = Parts{Table: true, Ledger: true}

// Text writes a file for a terminal: the parts asked for, and last the summary. A
// file without a summary shows its table. Its error is the writer's.
func Text(w io.Writer, f *results.File, parts Parts) error {
	t := table.New(f)
	if parts.Table || len(t.Answers()) == 0 {
		if err := t.Text(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	if parts.Ledger {
		if err := claims.Text(w, []claims.Ledger{claims.New(f)}); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	if len(t.Answers()) == 0 {
		return nil
	}
	return t.Summary(w)
}
