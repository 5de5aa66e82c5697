package table

import (
	"cmp"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
)

// CSV renders the table as one line for each case and unit, under a line of
// headings. The columns mean the same as in JSON. Each key of catalog.Keys has a
// column, and a missing value is empty. The warnings are the file's and the row's, in
// words. Its error is the writer's.
func (t *Table) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.Write(slices.Concat([]string{"name", "family"}, catalog.Keys,
		[]string{"unit", "primary", "lottery", "center", "low", "high", "rounds", "ref", "factor", "factorLow", "factorHigh", "paired", "aa", "aaLow", "aaHigh", "aaWorst", "warnings"}))
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	for _, l := range t.lines() {
		record := []string{l.Name, l.Family}
		for _, k := range catalog.Keys {
			if k == "impl" {
				record = append(record, l.Impl)
			} else {
				record = append(record, l.Keys[k])
			}
		}
		paired := ""
		if l.Paired != nil {
			paired = strconv.FormatBool(*l.Paired)
		}
		aa := cmp.Or(l.AA, &aaJSON{})
		warnings := slices.Clone(t.Warnings)
		for _, w := range l.Warnings {
			warnings = append(warnings, w.Says)
		}
		c.Write(append(record, l.Unit, strconv.FormatBool(l.Primary), strconv.FormatBool(l.Lottery), number(&l.Center), number(l.Low), number(l.High), strconv.Itoa(l.Rounds),
			l.Ref, number(l.Factor), number(l.FactorLow), number(l.FactorHigh), paired, number(aa.Factor), number(aa.Low), number(aa.High), number(aa.Worst), strings.Join(warnings, "; ")))
	}
	c.Flush()
	return c.Error()
}
