package claims

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// screen is how many lines a summary in text has at most, if the statements'
// words allow.
const screen = 60

// apart is up to how many machines are shown with their own figures.
const apart = 2

// groups is how many groups of a split are shown beside each other; JSON has
// them all.
const groups = 6

// foremost are the largest groups of a split, and the others as one group.
func foremost(split results.Split) []results.Group {
	all := slices.SortedStableFunc(slices.Values(split.Groups), func(a, b results.Group) int { return len(b.Of) - len(a.Of) })
	if len(all) <= groups {
		return all
	}
	rest := results.Group{Name: fmt.Sprintf("%d others", len(all)-groups+1)}
	for _, g := range all[groups-1:] {
		rest.Of = append(rest.Of, g.Of...)
	}
	return append(all[:groups-1], rest)
}

// Text renders the summary. If a statement holds on one machine and fails on
// another, lines say on which CPU, kernel and Go, as many as the screen has
// room for.
func (s *Summary) Text(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, "What is taught about goroutines, and on how many machines it holds")
	for _, a := range s.About() {
		prose.Wrap(&b, a, "  ", "    ")
	}
	prose.Wrap(&b, commandline.Typed("\"go run ./scripts/claims -each FILE...\" prints each file's ledger: every condition, interval, reason, change and warning."), "  ", "    ")
	if len(s.Machines) <= apart {
		for k, m := range s.Machines {
			l := Ledger{Rounds: m.file.Rounds, Entries: m.Entries}
			prose.Wrap(&b, fmt.Sprintf("%s is %s (%s): %s", letter(k), strings.Join(m.Files, " and "), m.About, l.Tally()), "  ", "    ")
		}
	}
	fmt.Fprintln(&b)
	var blocks []bytes.Buffer
	var missing, by []string // statements
	lines := bytes.Count(b.Bytes(), []byte("\n")) + 2
	splits := make([]bytes.Buffer, len(s.statements()))
	for i, e := range s.statements() {
		t := s.Tally(i, s.All())
		blocks = append(blocks, bytes.Buffer{})
		if len(t.Machines[Missing]) == len(s.Machines) {
			missing = append(missing, e.ID)
			continue
		}
		prose.Wrap(&blocks[i], e.ID+": "+e.Statement, "  ", "    ")
		s.counted(&blocks[i], i, t)
		if t.contradicted() && len(s.Machines) > apart {
			s.parted(&splits[i], i)
		}
		lines += bytes.Count(blocks[i].Bytes(), []byte("\n"))
	}
	for i, e := range s.statements() {
		b.Write(blocks[i].Bytes())
		more := bytes.Count(splits[i].Bytes(), []byte("\n"))
		if lines+more > screen {
			by = append(by, e.ID)
			continue
		}
		lines += more
		b.Write(splits[i].Bytes())
	}
	if missing != nil {
		prose.Wrap(&b, "missing on every machine: "+strings.Join(missing, ", ")+"; "+full(), "  ", "    ")
	}
	if by != nil {
		prose.Wrap(&b, "These hold on some machines and fail on others: "+strings.Join(by, ", ")+"; \"-format markdown\" shows on which.", "  ", "    ")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// letter is a machine's name in a line: "A".
func letter(k int) string { return string(rune('A' + k)) }

// counted writes on how many machines a statement holds, and the figures.
func (s *Summary) counted(w io.Writer, i int, t Tally) {
	if len(s.Machines) <= apart {
		var parts []string
		for k, m := range s.Machines {
			e := m.Entries[i]
			part := fmt.Sprintf("%s %s", letter(k), e.Verdict)
			if d := e.Decided(); d.There {
				part += ": " + d.Measured()
				if d.What != t.Primary[0].What {
					part += fmt.Sprintf(" (%s, %s)", d.Held(), d.What)
				}
				if d.doubts() != "" {
					part += ", with a warning"
				}
			}
			parts = append(parts, part)
		}
		prose.Wrap(w, strings.Join(parts, "; ")+"; "+t.Primary[0].Held(), "    ", "      ")
		return
	}
	prose.Wrap(w, s.Counts(t)+t.measured()+s.warned(t), "    ", "      ")
	for _, r := range t.By {
		prose.Wrap(w, fmt.Sprintf("fails by %s: %s, %s", r.What, r, r.Held()), "      ", "        ")
	}
}

// parted writes a statement's counts by what the machines differ in.
func (s *Summary) parted(w io.Writer, i int) {
	for _, split := range s.Splits {
		var parts []string
		for _, g := range foremost(split) {
			parts = append(parts, g.Name+" "+s.Counts(s.Tally(i, g.Of)))
		}
		prose.Wrap(w, "by "+split.By+": "+strings.Join(parts, "; "), "      ", "        ")
	}
}

// A Grid is a table of the summary. Its first row is its head.
type Grid struct {
	Title string
	Rows  [][]string
}

// Grids are the summary as tables: one of all machines, and one for each
// property in which they differ.
func (s *Summary) Grids() []Grid {
	all := Grid{Title: "On how many machines each statement holds", Rows: [][]string{append(append([]string{"statement"}, Verdicts...), "with a warning", "figure", "bound", "since")}}
	for i, e := range s.statements() {
		t := s.Tally(i, s.All())
		row := []string{e.ID + ": " + e.Statement}
		for _, v := range Verdicts {
			row = append(row, strconv.Itoa(len(t.Machines[v])))
		}
		var figures, bounds []string
		for _, r := range t.Primary {
			figures, bounds = append(figures, r.String()), append(bounds, r.Held()+": "+r.What)
		}
		for _, r := range t.By {
			figures = append(figures, fmt.Sprintf("fails by %s: %s, %s", r.What, r, r.Held()))
		}
		all.Rows = append(all.Rows, append(row, strconv.Itoa(len(t.Warned)), strings.Join(figures, "; "), strings.Join(bounds, "; "), e.Since))
	}
	grids := []Grid{all}
	for _, split := range s.Splits {
		g := Grid{Title: "By " + split.By, Rows: [][]string{{"statement"}}}
		for _, group := range foremost(split) {
			g.Rows[0] = append(g.Rows[0], fmt.Sprintf("%s (%d)", group.Name, len(group.Of)))
		}
		for i, e := range s.statements() {
			row := []string{e.ID}
			for _, group := range foremost(split) {
				t := s.Tally(i, group.Of)
				row = append(row, s.Counts(t)+t.measured()+s.warned(t))
			}
			g.Rows = append(g.Rows, row)
		}
		grids = append(grids, g)
	}
	return grids
}

// measured is ": 10.2× to 19.5×, at least 2.00×"; with several conditions it
// also names them.
func (t Tally) measured() string {
	var all []string
	for _, r := range t.Primary {
		text := r.Held()
		if r.N > 0 {
			text = r.String() + ", " + text
		}
		if len(t.Primary) > 1 {
			text += fmt.Sprintf(" (on %d, %s)", r.N, r.What)
		}
		all = append(all, text)
	}
	return ": " + strings.Join(all, "; ")
}

// warned is "; 3 with a warning".
func (s *Summary) warned(t Tally) string {
	if len(t.Warned) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d with a warning", len(t.Warned))
}

// Markdown renders the summary as tables.
func (s *Summary) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, a := range s.About() {
		fmt.Fprintf(b, "%s\n\n", prose.Markdown(a))
	}
	for _, g := range s.Grids() {
		fmt.Fprintf(b, "%s:\n\n", prose.Markdown(g.Title))
		for i, row := range g.Rows {
			fmt.Fprint(b, "|")
			for _, cell := range row {
				fmt.Fprintf(b, " %s |", prose.Markdown(cell))
			}
			fmt.Fprintln(b)
			if i == 0 {
				fmt.Fprint(b, "|"+strings.Repeat("---|", len(row))+"\n")
			}
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintln(b, About)
	return b.Flush()
}

// summaryJSON is a summary in JSON.
type summaryJSON struct {
	Machines   []machineJSON   `json:"machines"`
	Differ     []splitJSON     `json:"differ"`             // by what the machines differ in
	Left       []string        `json:"left,omitempty"`     // files that don't count, and why
	Warnings   []string        `json:"warnings,omitempty"` // what a reader must know of the files
	Statements []statementJSON `json:"statements"`
}

type machineJSON struct {
	Machine string   `json:"machine"` // its name in the lists of machines
	About   string   `json:"about"`
	Files   []string `json:"files"`
}

type splitJSON struct {
	By     string      `json:"by"`
	Groups []groupJSON `json:"groups"`
}

type groupJSON struct {
	Name     string   `json:"name"`
	Machines []string `json:"machines"`
}

type statementJSON struct {
	ID        string `json:"id"`
	Statement string `json:"statement"`
	tallyJSON
	Groups []partJSON `json:"groups"` // the same for each group, in the order of "differ"
}

type partJSON struct {
	By   string `json:"by"`
	Name string `json:"name"`
	tallyJSON
}

// tallyJSON is on which machines a statement has which verdict, and the range
// of its primary figure: of several where machines were decided in unlike
// numbers. Most is null where a machine has no upper bound of it,
// and both are where no machine has the figure.
type tallyJSON struct {
	Holds        []string    `json:"holds"`
	Fails        []string    `json:"fails"`
	Inconclusive []string    `json:"inconclusive"`
	Missing      []string    `json:"missing"`
	Warned       []string    `json:"warned"` // where there is something to doubt about what decided
	Figures      []rangeJSON `json:"figures"`
	FailsBy      []rangeJSON `json:"fails_by,omitempty"` // other figures that decided where it fails
}

type rangeJSON struct {
	What     string   `json:"what"`
	Unit     string   `json:"unit,omitempty"`
	Side     string   `json:"side"` // "at least" or "at most"
	Bound    float64  `json:"bound"`
	Machines int      `json:"machines"` // that have the figure
	Least    *float64 `json:"least"`
	Most     *float64 `json:"most"`
}

// JSON renders the summary as one object.
func (s *Summary) JSON(w io.Writer) error {
	doc := summaryJSON{Machines: []machineJSON{}, Differ: []splitJSON{}, Left: s.Left, Warnings: s.Warnings, Statements: []statementJSON{}}
	for _, m := range s.Machines {
		doc.Machines = append(doc.Machines, machineJSON{m.Label, m.About, m.Files})
	}
	for _, split := range s.Splits {
		j := splitJSON{By: split.By}
		for _, g := range split.Groups {
			j.Groups = append(j.Groups, groupJSON{g.Name, s.labels(g.Of)})
		}
		doc.Differ = append(doc.Differ, j)
	}
	for i, e := range s.statements() {
		j := statementJSON{ID: e.ID, Statement: e.Statement, tallyJSON: s.json(s.Tally(i, s.All())), Groups: []partJSON{}}
		for _, split := range s.Splits {
			for _, g := range split.Groups {
				j.Groups = append(j.Groups, partJSON{split.By, g.Name, s.json(s.Tally(i, g.Of))})
			}
		}
		doc.Statements = append(doc.Statements, j)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

func (s *Summary) labels(machines []int) []string {
	all := []string{}
	for _, k := range machines {
		all = append(all, s.Machines[k].Label)
	}
	return all
}

func (s *Summary) json(t Tally) tallyJSON {
	j := tallyJSON{
		Holds: s.labels(t.Machines[Holds]), Fails: s.labels(t.Machines[Fails]),
		Inconclusive: s.labels(t.Machines[Inconclusive]), Missing: s.labels(t.Machines[Missing]), Warned: s.labels(t.Warned),
	}
	for _, r := range t.Primary {
		j.Figures = append(j.Figures, r.json())
	}
	for _, r := range t.By {
		j.FailsBy = append(j.FailsBy, r.json())
	}
	return j
}

func (r Range) json() rangeJSON {
	f := r.Finding.json()
	j := rangeJSON{What: f.What, Unit: f.Unit, Side: f.Side, Bound: f.Bound, Machines: r.N}
	if r.N > 0 {
		j.Least, j.Most = finite(r.Least), finite(r.Highest)
	}
	return j
}
