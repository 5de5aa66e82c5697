package report

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

var (
	factored = regexp.MustCompile(`^(\S+×(?: or \S+×)?)( \[[^]]*\])?(?:, (.*))?: ([^:]+), (\S+/impl=\S+) over (\S+), (\d+) rounds?$`)
	exactly  = regexp.MustCompile(`^(\S[^:]*): (.*?), (\S+) \(([^,\s]+), (?:median of )?(\d+) values?\)(; stopped by .*)?$`)
)

// TestFigures: every mark of a picture gives a figure of the data to the last
// digit, and every pair has a mark.
func TestFigures(t *testing.T) {
	for _, path := range []string{small, "../../../results/reference.txt"} {
		file, err := results.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		reckoned := table.New(file)
		known, pairs := map[string]bool{}, map[string]bool{}
		for _, section := range reckoned.Sections {
			for _, row := range section.Rows {
				stats := row.Stats
				if both := file.Row(row.Name.String()).Values(results.Memory); len(both) > 0 {
					stats = append(slices.Clone(stats), summary.Median(results.Memory, both))
				}
				for _, s := range stats {
					says := prose.Figure(s.Unit, s.Center)
					if s.Interval {
						says += " " + s.Within()
					}
					known[fmt.Sprintf("%s|%s|%s|%.6g|%d", row.Contender, s.Unit, says, s.Center, s.Rounds)] = true
				}
				if impl := row.Name.Get("impl"); row.Factor != nil &&
					impl != "goroutine" && impl != "floor" && row.Name.Get("mode") != "stamped" {
					pairs[row.FullName] = true
				}
			}
		}
		decide := map[string]bool{}
		for _, e := range claims.Judge(file) {
			for _, n := range e.Needs {
				decide[n.String()] = true
			}
		}
		factors, figures, findings := 0, 0, 0
		for _, mark := range nodes(t, rendered(t, file), "g") {
			if !strings.HasPrefix(attr(mark, "class"), "mark ") {
				continue
			}
			says := attr(mark, "aria-label")
			if f := factored.FindStringSubmatch(says); f != nil {
				factors++
				row := reckoned.Row(f[5])
				if row == nil || row.Factor == nil {
					t.Errorf("%s: no such factor in the data: %q", path, says)
					continue
				}
				delete(pairs, row.FullName)
				within := ""
				if row.Factor.Interval && row.Factor.States == nil {
					within = " " + row.Factor.Within()
				}
				if got, want := f[1:], []string{row.Factor.Text(), within, row.Doubt, row.Contender, row.FullName, row.Ref, strconv.Itoa(row.Factor.Rounds)}; !slices.Equal(got, want) {
					t.Errorf("%s: %q, where the data have %q", path, got, want)
				}
				continue
			}
			if decide[says] {
				findings++
				continue
			}
			e := exactly.FindStringSubmatch(says)
			if e == nil {
				t.Errorf("%s: a mark tells no figure: %q", path, says)
				continue
			}
			figures++
			contender, _, _ := strings.Cut(e[2], ", ")
			if !known[fmt.Sprintf("%s|%s|%s|%s|%s", contender, e[3], e[1], e[4], e[5])] {
				t.Errorf("%s: not in the data: %q", path, says)
			}
		}
		for name := range pairs {
			t.Errorf("%s: a pair without a mark: %s", path, name)
		}
		if factors == 0 || figures == 0 || findings == 0 {
			t.Errorf("%s: there are %d factors, %d figures and %d of statements", path, factors, figures, findings)
		}
	}
}
