// Package resample makes results files for tests: other machines' files out of
// the rounds of one. It imports nothing of ours.
//
// Its stance: a file made so has the layout, the rows and the noise of a real
// one, and says of itself what the test wants it to say.
package resample

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Machine is what a file is made to say.
type Machine struct {
	Host   string
	Config map[string]string     // lines of the head that differ
	Edit   func(fields []string) // changes a benchmark line in place, its words; nil for none
}

// Text is the text of a results file of driver lockstep with its rounds drawn
// anew, with replacement, as the machine has it.
func Text(from string, rounds int, rng *rand.Rand, m Machine) string {
	var b strings.Builder
	var drawn []string
	head, body, _ := strings.Cut(from, "# round 1:")
	for round := range strings.SplitSeq("1:"+body, "# round ") {
		_, round, _ = strings.Cut(round, ":")
		round, _, ended := strings.Cut(round, "# end round ")
		if ended {
			drawn = append(drawn, round)
		}
	}
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
