// Package resample makes results files for tests: files of other machines, from
// the rounds of one. It imports nothing of ours.
//
// Its stance: such a file has the layout, the rows and the noise of a real
// file, and the machine that the test gives it.
package resample

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A Machine is the machine that a file is given.
type Machine struct {
	Host   string
	Config map[string]string     // lines of the head that differ
	Edit   func(fields []string) // changes the words of a benchmark line in place; nil for none
}

// Text is the text of a results file of driver lockstep. Its rounds are drawn
// with replacement from those of another text, and its machine is m. Rounds with
// less than half of the rows are left out: they are those of a run until
// decided, of what was still open.
func Text(from string, rounds int, rng *rand.Rand, m Machine) string {
	var b strings.Builder
	var drawn []string
	rows := func(round string) int { return strings.Count(round, "\nBenchmark") }
	most := 0
	head, body, _ := strings.Cut(from, "# round 1:")
	for round := range strings.SplitSeq("1:"+body, "# round ") {
		_, round, _ = strings.Cut(round, ":")
		round, _, ended := strings.Cut(round, "# end round ")
		if ended {
			drawn = append(drawn, round)
			most = max(most, rows(round))
		}
	}
	drawn = slices.DeleteFunc(drawn, func(round string) bool { return 2*rows(round) < most })
	for line := range strings.Lines(head) {
		key, _, _ := strings.Cut(line, ": ")
		if v, ok := m.Config[key]; ok {
			line = key + ": " + v + "\n"
		}
		if begun, _, ok := strings.Cut(line, " on "); ok && strings.HasPrefix(line, "# begun ") {
			line = begun + " on " + m.Host + "\n"
		}
		b.WriteString(line)
	}
	for k := range rounds {
		number := strconv.Itoa(k + 1)
		b.WriteString("# round " + number + ":")
		for line := range strings.Lines(drawn[rng.IntN(len(drawn))]) {
			if m.Edit != nil && strings.HasPrefix(line, "Benchmark") {
				fields := strings.Fields(line)
				m.Edit(fields)
				line = strings.Join(fields, " ") + "\n"
			}
			b.WriteString(line)
		}
		b.WriteString("# end round " + number + "\n")
	}
	return b.String()
}
