package table

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"

	"threadbench/bench/catalog"
)

// CSV renders the table's rows flat, one line for each case and unit, under a
// line of headings. The columns mean what they do in JSON, with one for each
// key of catalog.Keys; what isn't there is empty. Its error is the writer's.
func (t *Table) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.Write(slices.Concat([]string{"name", "family"}, catalog.Keys,
		[]string{"unit", "primary", "lottery", "median", "low", "high", "rounds", "ref", "factor", "factorLow", "factorHigh", "paired", "p"}))
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
		c.Write(append(record, l.Unit, strconv.FormatBool(l.Primary), strconv.FormatBool(l.Lottery), number(&l.Median), number(l.Low), number(l.High), strconv.Itoa(l.Rounds),
			l.Ref, number(l.Factor), number(l.FactorLow), number(l.FactorHigh), paired, number(l.P)))
	}
	c.Flush()
	return c.Error()
}
