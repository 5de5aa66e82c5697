package claims

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/summary"
)

// A Ledger is the verdicts of a file.
type Ledger struct {
	File     string // its name
	Rounds   int
	Looks    []int    // after which rounds its run was to check them; nil for a fixed number of rounds
	Warnings []string // what a reader must know first
	Entries  []Entry
}

// summed is the finding as a summary, which has words for its figures.
func (f Finding) summed() summary.Summary {
	return summary.Summary{Unit: f.Unit, Factor: f.Factor, Center: f.Effect, Low: f.Low, High: f.High, Interval: f.Interval, Rounds: f.Rounds, States: f.States, Warnings: f.Warnings}
}

// effect is the estimate, or the figure's two limits: "11.7×", "1.15× to
// 2.31×", "1.15× or more".
func (f Finding) effect() string {
	s := f.summed()
	switch {
	case !f.Bounded:
		return s.Text()
	case math.IsInf(f.Most, 1):
		return s.Text() + " or more"
	}
	return s.Text() + " to " + s.Figure(f.Most)
}

// Measured is the effect with its interval, "11.7× [11.5, 12.1]", or the two
// states if there are two.
func (f Finding) Measured() string {
	s := f.summed()
	switch {
	case !f.There:
		return "not in the file"
	case f.States != nil:
		return strings.TrimSuffix(s.Says(summary.TwoStates)+" "+s.Within(), " "+summary.None)
	case !f.Interval:
		return fmt.Sprintf("%s (%s)", f.effect(), s.Says(summary.Few))
	}
	return f.effect() + " " + s.Within()
}

// doubts are the other warnings, each once, in brackets.
func (f Finding) doubts() string {
	var all []string
	for _, w := range f.Warnings {
		told := w.Kind == summary.Few || w.Kind == summary.TwoStates && f.States != nil // Measured says it
		if !told && !slices.Contains(all, w.Says) {
			all = append(all, w.Says)
		}
	}
	if all == nil {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

// String is the finding in a line: "11.7× [11.5, 12.1], at least 2.00×: of what
// (A/A not measured)".
func (f Finding) String() string {
	return fmt.Sprintf("%s, %s: %s%s", f.Measured(), f.Held(), f.What, f.doubts())
}

// Held is the bound: "at least 2×".
func (f Finding) Held() string {
	side := "at most"
	if f.Least {
		side = "at least"
	}
	return side + " " + f.summed().Figure(f.Bound)
}

// About says what a ledger's verdicts and figures are.
const About = "A statement holds if all of its conditions hold. Given the protocol, the chance that sampling makes any verdict of a ledger wrong is at most 5% (signed-rank tests over rounds, Holm over the statements). Each interval is a 95% confidence interval by itself. So is each case beside a verdict, in which the verdict turns, or in which an inconclusive statement holds or fails. Verdicts and intervals allow for the A/A of a factor's goroutine arm, if the file has it. Figures are Hodges-Lehmann estimates; absolute figures in the table are medians."

// Text renders ledgers, several files side by side: under each statement is a
// line for each file. The statements that no run was asked to measure share a
// line at the end.
func Text(w io.Writer, ledgers []Ledger) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "What is taught about goroutines, and what was measured")
	prose.Wrap(b, About, "  ", "  ")
	for _, l := range ledgers {
		prose.Wrap(b, fmt.Sprintf("%s: %s", l.name(), l.Tally()), "  ", "    ")
		for _, warning := range l.Warnings {
			prose.Wrap(b, warning, "    ", "      ")
		}
	}
	if len(ledgers) == 0 {
		return b.Flush()
	}
	var unasked []string
	for i, first := range ledgers[0].Entries {
		if !slices.ContainsFunc(ledgers, func(l Ledger) bool { return !l.Entries[i].Unasked }) {
			unasked = append(unasked, first.ID)
			continue
		}
		fmt.Fprintln(b)
		prose.Wrap(b, fmt.Sprintf("%s: %s", first.ID, first.Statement), "  ", "    ")
		for _, l := range ledgers {
			e := l.Entries[i]
			verdict := strings.ToUpper(e.Verdict)
			if len(ledgers) > 1 {
				verdict = l.name() + ": " + verdict
			}
			if e.Reason != "" {
				verdict += ": " + e.Reason
			}
			prose.Wrap(b, verdict, "    ", "      ")
			for _, n := range e.Needs {
				if n.There {
					prose.Wrap(b, n.String(), "      ", "        ")
				}
			}
			for _, c := range e.Circumstances() {
				prose.Wrap(b, fmt.Sprintf("%s: %v", c.Word, c), "      ", "        ")
			}
			if change := e.Latest(); change != "" {
				prose.Wrap(b, change, "      ", "        ")
			}
		}
	}
	if slices.ContainsFunc(ledgers, Ledger.further) {
		fmt.Fprintln(b)
		prose.Wrap(b, commandline.Typed("\"go run ./scripts/run -until decided\" measures the inconclusive statements for longer."), "  ", "    ")
	}
	if unasked != nil {
		fmt.Fprintln(b)
		prose.Wrap(b, fmt.Sprintf("MISSING, since the run did not include their rows: %s; %s", strings.Join(unasked, ", "), full()), "  ", "    ")
	}
	return b.Flush()
}

// further tells whether a run with looks may decide more.
func (l Ledger) further() bool {
	return l.Looks == nil && slices.ContainsFunc(l.Entries, func(e Entry) bool { return e.Verdict == Inconclusive && !e.stuck() })
}

func (l Ledger) name() string { return l.File }

// Tally is "20 rounds: 4 hold, 1 fails, ...".
func (l Ledger) Tally() string {
	n, smaller := map[string]int{}, map[string]int{}
	for _, e := range l.Entries {
		if n[e.Verdict]++; e.Smaller {
			smaller[e.Verdict]++
		}
	}
	var parts []string
	for _, p := range []struct{ verdict, one, many string }{
		{Holds, "holds", "hold"}, {Fails, "fails", "fail"}, {Inconclusive, "is inconclusive", "are inconclusive"}, {Missing, "is missing", "are missing"},
	} {
		switch k := n[p.verdict]; k {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", k, p.many))
		}
		if k := smaller[p.verdict]; k > 0 && p.verdict != Missing {
			parts[len(parts)-1] += fmt.Sprintf(" (%d in smaller numbers)", k)
		}
	}
	looks := ""
	if l.Looks != nil {
		looks = ", looks " + Spending(l.Looks) + ", until a statement is decided"
	}
	return fmt.Sprintf("%s%s; of %s %s", prose.Count(l.Rounds, "round"), looks, prose.Count(len(l.Entries), "statement"), strings.Join(parts, ", "))
}

// Markdown renders ledgers as one table: a column of verdicts for each file,
// and a column of the changes of measures and bounds.
func Markdown(w io.Writer, ledgers []Ledger) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "| statement |")
	for _, l := range ledgers {
		fmt.Fprintf(b, " %s (%s) |", prose.Markdown(l.name()), prose.Count(l.Rounds, "round"))
	}
	fmt.Fprint(b, " since |\n|---|"+strings.Repeat("---|", len(ledgers)+1)+"\n")
	if len(ledgers) > 0 {
		for i, first := range ledgers[0].Entries {
			fmt.Fprintf(b, "| %s |", prose.Markdown(first.Statement))
			for _, l := range ledgers {
				e := l.Entries[i]
				fmt.Fprintf(b, " **%s**", e.Verdict)
				if e.Reason != "" {
					fmt.Fprintf(b, ": %s", prose.Markdown(e.Reason))
				}
				for _, n := range e.Needs {
					if n.There {
						fmt.Fprintf(b, "<br>%s", prose.Markdown(n.String()))
					}
				}
				for _, c := range e.Circumstances() {
					fmt.Fprintf(b, "<br>%s: %s", c.Word, prose.Markdown(c.String()))
				}
				fmt.Fprint(b, " |")
			}
			fmt.Fprintf(b, " %s", first.Since)
			if h := first.History(); h != "" {
				fmt.Fprintf(b, "<br>changed after a run, %s", prose.Markdown(h))
			}
			fmt.Fprintln(b, " |")
		}
	}
	for _, l := range ledgers {
		for _, warning := range l.Warnings {
			fmt.Fprintf(b, "\n%s: %s\n", prose.Markdown(l.name()), prose.Markdown(warning))
		}
	}
	fmt.Fprintf(b, "\n%s\n", About)
	return b.Flush()
}

// entryJSON is an entry in JSON. JSON writes a list of them. effect, low and
// high are those of the condition that decided. low and high are null if there
// are too few rounds for them, and all three are null if the file lacks the
// figure. If bounded is set, a round gives only a lower and an upper limit of
// the figure: effect is the estimate of the lower limit and most that of the
// upper one. Without an upper limit, most is left out and high is null.
type entryJSON struct {
	File      string        `json:"file"`
	Warnings  []string      `json:"warnings,omitempty"` // what a reader must know of the file
	ID        string        `json:"id"`
	Statement string        `json:"statement"`
	Verdict   string        `json:"verdict"`
	Smaller   bool          `json:"smaller,omitempty"` // in smaller numbers than the statement has
	Reason    string        `json:"reason,omitempty"`
	Found     string        `json:"found,omitempty"` // what decided, in a sentence
	P         float64       `json:"p"`               // adjusted
	Effect    *float64      `json:"effect"`
	Low       *float64      `json:"low"`
	High      *float64      `json:"high"`
	Bounded   bool          `json:"bounded,omitempty"`
	Most      *float64      `json:"most,omitempty"`
	Rounds    int           `json:"rounds"`
	Rows      []string      `json:"rows"`
	Why       string        `json:"why"`               // the reason of the bound
	Since     string        `json:"since"`             // the day since which measure and bound are unchanged
	Changes   []Change      `json:"changes,omitempty"` // of measure or bound after a run
	Needs     []findingJSON `json:"needs"`
	Beside    []findingJSON `json:"beside"`
}

type findingJSON struct {
	What     string            `json:"what"`
	Rows     []string          `json:"rows"`
	Unit     string            `json:"unit,omitempty"`
	Side     string            `json:"side"` // "at least" or "at most"
	Bound    float64           `json:"bound"`
	Effect   *float64          `json:"effect"`
	Low      *float64          `json:"low"`
	High     *float64          `json:"high"`
	Bounded  bool              `json:"bounded,omitempty"`
	Most     *float64          `json:"most,omitempty"`
	Rounds   int               `json:"rounds"`
	States   []summary.State   `json:"states,omitempty"`
	Warnings []summary.Warning `json:"warnings,omitempty"`
	Beside   string            `json:"circumstance,omitempty"` // its bearing on the verdict: "turns", "holds there", "fails there"
}

// JSON renders ledgers as one list of objects, file after file.
func JSON(w io.Writer, ledgers []Ledger) error {
	all := []entryJSON{}
	for _, l := range ledgers {
		for _, e := range l.Entries {
			decided := e.Decided().json()
			j := entryJSON{
				File: l.File, Warnings: l.Warnings, ID: e.ID, Statement: e.Statement, Verdict: e.Verdict, Smaller: e.Smaller, Reason: e.Reason, Found: e.Found(), P: e.P,
				Effect: decided.Effect, Low: decided.Low, High: decided.High, Bounded: decided.Bounded, Most: decided.Most, Rounds: decided.Rounds,
				Why: e.Why, Since: e.Since, Changes: e.Changes,
				Rows: []string{}, Needs: []findingJSON{}, Beside: []findingJSON{},
			}
			for _, n := range e.Needs {
				j.Rows = append(j.Rows, n.Rows...)
				j.Needs = append(j.Needs, n.json())
			}
			circumstances := e.Circumstances()
			for _, n := range e.Beside {
				f := n.json()
				if i := slices.IndexFunc(circumstances, func(c Circumstance) bool { return c.What == n.What }); i >= 0 {
					f.Beside = circumstances[i].Word
				}
				j.Beside = append(j.Beside, f)
			}
			all = append(all, j)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(all)
}

func (f Finding) json() findingJSON {
	j := findingJSON{What: f.What, Rows: f.Rows, Unit: f.Unit, Side: "at most", Bound: f.Bound, Rounds: f.Rounds}
	if f.Least {
		j.Side = "at least"
	}
	if f.There {
		j.Effect, j.Bounded, j.States, j.Warnings = finite(f.Effect), f.Bounded, f.States, f.Warnings
		if f.Bounded {
			j.Most = finite(f.Most)
		}
		if f.Interval {
			j.Low, j.High = finite(f.Low), finite(f.High)
		}
	}
	return j
}

// finite is a number of JSON, which has no infinity, and no −0 here.
func finite(x float64) *float64 {
	if x += 0; math.IsInf(x, 0) {
		return nil
	}
	return &x
}
