package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

// A content is a Report in order, section by section, for page and Markdown to
// render.
type content struct {
	Title    string
	Several  bool
	Gathered bool // the figures are over machines
	Sources  []sourceText
	Answers  []answered
	Terms    string  // what the contenders are
	Answered string  // what the answers' figures are
	Sums     []sheet // on how many machines each statement holds
	Ledgers  []ledger
	Claims   []claim
	Unasked  []string // statements whose rows no file was to measure
	About    string   // about the ledger
	Figures  []figure
	Families []family
	Places   []place
	Settings []setting
	Method   []string
}

// A sourceText is a file in words.
type sourceText struct {
	Label   string
	Machine string
	Wrong   []string // why the file's figures are no result
	Begun   string
}

// A family is a benchmark with its tables.
type family struct {
	Name     string
	Ops      []string // what ONE op is, in general and in some modes
	Read     string   // the protocol, whom it favours, how to read it
	Grid     grid
	Glossary []term
}

// A term is a unit and what it is.
type term struct{ Unit, What string }

// A grid is a table of rows. Each file has its own columns.
type grid struct {
	ID, Caption string
	Groups      []headGroup // above the columns; nil with one file
	Head        []cell
	Rows        []line
	Words       []string
	Remarks     []string
}

// A line is a row of a grid. First marks the first of the lines that refer to the same
// goroutine arm.
type line struct {
	Cells []cell
	First bool
}

// A headGroup spans columns.
type headGroup struct {
	Label string
	Span  int
}

// A cell is a cell of a grid, or of a grid's head.
type cell struct {
	Text  string
	Value string // the full value to sort by; "" sorts by Text
	Right bool
	Class string // the contender's class, in the first column
}

// exact is a value in full digits, "" for NaN.
func exact(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func (r *Report) tables() []family {
	var all []family
	for _, name := range r.families() {
		f := r.family(name)
		f.Grid = r.grid(name)
		all = append(all, f)
	}
	return all
}

// family is a family's section without its table.
func (r *Report) family(name string) family {
	f := family{Name: name}
	if known, ok := catalog.FamilyOf(name); ok {
		f.Ops = append(f.Ops, "One op is "+known.Op+".")
		for _, mode := range slices.Sorted(maps.Keys(known.ModeOps)) {
			f.Ops = append(f.Ops, fmt.Sprintf("With mode=%s it is %s.", mode, known.ModeOps[mode]))
		}
		f.Read = known.Read
	}
	units := map[string]bool{}
	for _, s := range r.sources {
		for _, row := range s.table.Family(name).Rows {
			for _, stat := range row.Stats {
				units[stat.Unit] = true
			}
		}
	}
	for _, u := range catalog.Units {
		if units[u.Name] {
			f.Glossary = append(f.Glossary, term{u.Name, u.What})
			units[u.Name] = false
		}
	}
	return f
}

// identifier makes a name part of an id: letters and digits stay, all else becomes "-".
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
}

// grid is a family's table.
func (r *Report) grid(family string) grid {
	first := r.sources[0].table.Family(family)
	g := grid{ID: "table-" + strings.ToLower(identifier(family)), Caption: first.Title()}
	columns, _, _ := r.sources[0].table.Columns(first)
	if r.several() {
		g.Groups = append(g.Groups, headGroup{"", len(columns)})
	}
	for _, s := range r.sources {
		section := s.table.Family(family)
		_, figures, evidence := s.table.Columns(section)
		own := slices.Concat(figures, evidence)
		columns = append(columns, own...)
		if r.several() {
			g.Groups = append(g.Groups, headGroup{s.label, len(own)})
		}
		for _, row := range section.Rows {
			if row.Words != "" {
				g.Words = append(g.Words, r.titled(s, row.Words))
			}
		}
		for _, remark := range append(s.table.SelfRatios(family, ""), s.table.Remarks(section)...) {
			g.Remarks = append(g.Remarks, r.titled(s, remark))
		}
	}
	for _, c := range columns {
		head := strings.Join(strings.Fields(c.Head), " ")
		if head == "" { // the first file has no row of the family
			head = "figure"
		}
		g.Head = append(g.Head, cell{Text: head, Right: c.Right})
	}
	for j, row := range first.Rows {
		l := line{First: j == 0 || row.Ref != first.Rows[j-1].Ref}
		for k, c := range columns {
			of := cell{Text: c.Cells[j], Value: exact(c.Values[j]), Right: c.Right}
			if k == 0 {
				of.Class = armOf(row.Name).look.Class
			}
			l.Cells = append(l.Cells, of)
		}
		g.Rows = append(g.Rows, l)
	}
	return g
}

// A place is where and how a file was measured, and what makes it incomparable.
type place struct {
	Label   string
	Caveats []string
	Left    []string // what was left out, cut or failed
	Weather []cell   // the table's head; Rounds are its rows
	Rounds  [][]cell
}

// A setting is a configuration key with the value of each file.
type setting struct {
	Key    string
	Values []string
	Differ bool
}

func (r *Report) settings() []setting {
	var all []setting
	for _, s := range r.sources {
		for _, c := range s.file.Config {
			if slices.ContainsFunc(all, func(have setting) bool { return have.Key == c.Key }) {
				continue
			}
			row := setting{Key: c.Key}
			for _, other := range r.sources {
				v := other.file.Get(c.Key)
				row.Values = append(row.Values, v)
				row.Differ = row.Differ || v != c.Value
			}
			all = append(all, row)
		}
	}
	return all
}

func (r *Report) places() []place {
	var all []place
	for _, s := range r.sources {
		p := place{Label: s.label, Caveats: s.caveats(), Left: s.table.Left()}
		p.Weather, p.Rounds = s.weather()
		all = append(all, p)
	}
	return all
}

// weather makes a table of the disturbance that the rounds' first lines report.
func (s source) weather() (head []cell, rows [][]cell) {
	var keys []string
	said := make([]map[string]string, len(s.file.Disturbances))
	for i, w := range s.file.Disturbances {
		said[i] = map[string]string{}
		for _, f := range strings.Fields(w.Says) {
			if k, v, ok := strings.Cut(f, "="); ok {
				said[i][k] = v
				if !slices.Contains(keys, k) {
					keys = append(keys, k)
				}
			}
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	head = []cell{{Text: "round", Right: true}}
	for _, k := range keys {
		head = append(head, cell{Text: k, Right: true})
	}
	for i, w := range s.file.Disturbances {
		row := []cell{{Text: strconv.Itoa(w.Round), Value: strconv.Itoa(w.Round), Right: true}}
		for _, k := range keys {
			c := cell{Text: said[i][k], Right: true}
			if v, ok := w.Amount(k); ok {
				c.Value = exact(v)
			}
			row = append(row, c)
		}
		rows = append(rows, row)
	}
	return head, rows
}

// caveats are the reasons not to trust a file's figures, or not to compare them with
// other files.
func (s source) caveats() []string {
	all := s.file.Warnings()
	add := func(when bool, format string, args ...any) {
		if when {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	get := s.file.Get
	add(strings.HasSuffix(get("cross-shares"), "+other-kind"), "The two CPUs of place=cross are of different kinds (cross-shares: %s).", get("cross-shares"))
	add(s.file.Driver == results.Testing, "driver: testing. One arm ran after the other, so factors are unpaired; never pool them with those of driver lockstep.")
	add(s.file.Rounds < summary.Enough(), "%s: too few for a 95%% interval, which takes %d.", prose.Count(s.file.Rounds, "round"), summary.Enough())
	virt := get("virt")
	add(virt != "" && virt != "none", "A virtual machine (%s): what others on its host do is not seen from within, and the hypervisor's share of a thread's cost is in the figures.", virt)
	governor := get("governor")
	add(governor != "" && governor != "performance", "The clock of the CPUs was not held fixed (governor: %s): absolute times drift with it.", governor)
	add(get("cgo") == "on", "cgo is linked: the runtime makes its threads through pthread_create.")
	add(get("kernel-bytes") == "system", "Kernel memory is the whole system's, for want of a memory cgroup.")
	add(get("cgroup-cpu") != "" && get("cgroup-cpu") != "max" && get("cgroup-cpu") != "none", "A CPU quota is set (cgroup-cpu: %s).", get("cgroup-cpu"))
	add(get("goos") != "" && get("goos") != "linux", "On %s there are no raw threads, and processes aren't held on a CPU.", get("goos"))
	add(slices.ContainsFunc(s.file.Rows, func(r *results.Row) bool { return r.Name.Get("place") == "free" }), "place=free is left to the schedulers: a lottery, which decides nothing.")
	add(len(s.table.Left()) > 0, "%s left out, cut or failed, named below.", rowsWere(len(s.table.Left())))
	return all
}

func rowsWere(n int) string {
	if n == 1 {
		return "1 row was"
	}
	return fmt.Sprintf("%d rows were", n)
}

// method explains how the figures were computed.
func (r *Report) method() []string {
	all := []string{
		"Each contender runs in a worker, a fresh process that does nothing else. A coordinator hands the turn to the workers of a pair, 1.5 ms each, one after the other, in counterbalanced order; what disturbs one disturbs the other. A round is a set of fresh workers, and the round is the unit of all statistics.",
		"The task that does the ops stops the clock itself. Every row counts what shows that the thing was measured (kernel switches, threads by their ids, system calls by a tracer), and has no figure where the counts contradict its name.",
		"A figure is the median over rounds with its 95% interval from order statistics (golang.org/x/perf/benchmath, as benchstat prints it). " + table.About(results.Lockstep) + " In the short profile, of the arms that take a process of their own only the goroutine arms of the summary are measured twice.",
		"Two states are told where the gap between them is wider than the ranges of both, instead of an estimate between them. A trend is Mann and Kendall's test over the rounds, at 5% over all rows of the file.",
		"Verdicts on statements are by signed-rank tests over rounds, with Holm's procedure over all statements: given the measures and bounds as they stand, the chance that sampling makes any of a ledger wrong is at most 5%. What of them was changed after a run, each statement says.",
	}
	all = append(all, "Not comparable: absolute times of two runs, unless the machine was idle and the same; files whose kernel, go, build, cpus, cpu-type, cpu-capacity, cpu-max-freq, virt, mitigations, spectre-v2, retbleed, spec-rstack-overflow, page-size, thp or cgo differ; times at place=cross of files whose cross-shares differ; a switch through a channel with one through a futex as if they were the same primitive, since they are each side's own; counts of system calls (mode=traced) with a time, since under a tracer there is none.")
	for _, s := range r.sources {
		if s.file.Plan != "" {
			all = append(all, r.titled(s, "The run's plan: "+s.file.Plan))
		}
	}
	return append(all, "What each benchmark does, and whom it favours, stands above its tables; go run ./scripts/run -list prints the same. The raw rounds are in the results file, which go tool benchstat reads, too.")
}

// content puts the report in order.
func (r *Report) content() *content {
	c := &content{
		Title: "Goroutines against threads", Several: r.several(), Answers: r.answers(), Answered: r.answeredBy(), Terms: table.Terms, About: claims.About,
		Sums: r.sums(), Figures: r.figures(), Method: r.method(),
	}
	c.Claims, c.Unasked = r.claims()
	if r.many != nil {
		r.gathered(c)
		return c
	}
	c.Families, c.Places, c.Settings = r.tables(), r.places(), r.settings()
	for _, s := range r.sources {
		c.Sources = append(c.Sources, sourceText{Label: s.label, Machine: s.table.Machine(), Wrong: results.Wrong(s.file.Config), Begun: strings.Join(s.file.Begun, "; again ")})
		c.Ledgers = append(c.Ledgers, ledger{s.label, s.ledger.Tally()})
	}
	return c
}
