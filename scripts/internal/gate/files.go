package gate

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/scripts/internal/gate/files"
	"threadbench/scripts/internal/gate/verdict"
)

// compareFiles judges two results files.
func compareFiles(o options) (*verdict.Report, error) {
	all, remarks, err := files.Read(o.files[0], o.files[1])
	if err != nil {
		return nil, err
	}
	var names []string
	byName := map[string][]verdict.Row{}
	for _, r := range all {
		if !o.selects(r.Name) {
			continue
		}
		if byName[r.Name] == nil {
			names = append(names, r.Name)
		}
		byName[r.Name] = append(byName[r.Name], r)
	}
	if names == nil {
		return nil, fmt.Errorf("%s among the rows that %s and %s have in common, such as Benchmark%s", selection{bench: o.bench, skip: o.skip}.none(), o.files[0], o.files[1], all[0].Name)
	}
	var rows []verdict.Row
	var units []string
	for _, name := range names {
		for _, r := range byName[name] {
			units = append(units, r.Unit)
		}
		rows = append(rows, deciding(byName[name], o.units)...)
	}
	if rows == nil {
		slices.Sort(units)
		return nil, fmt.Errorf("none of the units in common (%s) decides by itself; choose one by -unit", strings.Join(slices.Compact(units), ", "))
	}
	rows, lotteries := directed(rows)
	if lotteries != nil {
		remarks = append(remarks, verdict.Remark{Level: verdict.Notice, Text: fmt.Sprintf(
			"Not compared, since the schedulers choose where these rows run and their figures vary by chance: %s.", strings.Join(lotteries, ", "))})
	}
	rows, nothing := comparable(rows)
	if nothing != nil {
		remarks = append(remarks, verdict.Remark{Level: verdict.Warning, Text: fmt.Sprintf(
			"Not compared, since a figure of 0 has no ratio: %s.", strings.Join(nothing, ", "))})
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no row is left to compare: each has a figure of 0, which has no ratio (%s); choose others by -bench or -unit", strings.Join(nothing, ", "))
	}
	if i := slices.IndexFunc(rows, func(r verdict.Row) bool { return r.Better == "" }); i >= 0 {
		return nil, undirected(rows[i].Unit)
	}
	report, err := verdict.Judge(rows, verdict.Rules{Alpha: alpha, Margin: o.margin, Inconclusive: o.inconclusive})
	if err != nil {
		return nil, err
	}
	report.Base, report.Head = o.files[0], o.files[1]
	report.Remarks = append(remarks, report.Remarks...)
	return report, nil
}

// directed splits rows into those that can be better or worse and the
// lotteries: rows whose figure varies by chance, since the schedulers choose
// where they run. A unit without a better side in any row stays in able, for
// the caller to refuse.
func directed(rows []verdict.Row) (able []verdict.Row, lotteries []string) {
	units := map[string]bool{}
	for _, r := range rows {
		units[r.Unit] = units[r.Unit] || r.Better != ""
	}
	for _, r := range rows {
		if r.Better == "" && units[r.Unit] {
			lotteries = append(lotteries, r.Name)
			continue
		}
		able = append(able, r)
	}
	return able, lotteries
}

// comparable splits rows into those that have a ratio and the others. A figure
// of 0 has no ratio: a switch between goroutines makes no system calls.
func comparable(rows []verdict.Row) (able []verdict.Row, nothing []string) {
	for _, r := range rows {
		if !r.Exact && slices.Contains(slices.Concat(r.Old, r.New), 0) {
			nothing = append(nothing, r.String())
			continue
		}
		able = append(able, r)
	}
	return able, nothing
}

// deciding are those of a benchmark's rows that decide, one for each unit. They
// are the units asked for. Without such, they are time and the exact units; for
// want of those, the first unit with a known better side.
func deciding(rows []verdict.Row, asked []string) []verdict.Row {
	if asked != nil {
		return slices.DeleteFunc(slices.Clone(rows), func(r verdict.Row) bool { return !slices.Contains(asked, r.Unit) })
	}
	var chosen, known []verdict.Row
	for _, r := range rows {
		switch {
		case r.Unit == "ns/op", r.Unit == "sec/op", r.Exact && r.Better != "":
			chosen = append(chosen, r)
		case r.Better != "":
			known = append(known, r)
		}
	}
	if chosen == nil && known != nil {
		return known[:1]
	}
	return chosen
}

// undirected is the error for a unit without a better side.
func undirected(unit string) error {
	return fmt.Errorf("-unit %s: nothing says whether lower or higher is better; the benchmark's output needs a line \"Unit %[1]s better=lower\" (or higher)", unit)
}
