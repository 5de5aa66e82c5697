package calibration

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"threadbench/scripts/internal/gate/verdict"
)

// level is that of all intervals: 95%.
const level = 0.05

// An Analysis is what a data file says of the gate.
type Analysis struct {
	Name     string            `json:"name"`
	First    time.Time         `json:"first"`
	Last     time.Time         `json:"last"`
	Runs     int               `json:"runs"`
	Failed   int               `json:"failed"` // of them, those without a verdict, which count for nothing else
	Hours    float64           `json:"hours"`  // that the runs took
	Commits  []string          `json:"commits"`
	Packages []string          `json:"packages"`
	Machine  map[string]string `json:"machine"` // of the first session
	Go       []string          `json:"go"`
	Alpha    float64           `json:"alpha"`
	Margin   float64           `json:"margin"`
	Pools    [2]int            `json:"pools"` // least and most layouts that runs drew from; 0: each linked its own

	Cells    []Cell    `json:"cells"`
	Power    []Point   `json:"power"`
	Readings []Reading `json:"readings"`
	Spreads  []Spread  `json:"spreads"`
	Arms     []Arms    `json:"arms"`
}

// A Cell are the runs of one kind, slowdown and budget.
type Cell struct {
	Kind   string   `json:"kind"`
	Inject float64  `json:"inject"` // 0.03 is 3%
	Budget Duration `json:"budget"`
	Failed int      `json:"failed"` // runs without a verdict; the others are counted
	Rounds [3]int   `json:"rounds"` // of a run: least, median, most
	Took   float64  `json:"took"`   // seconds, the median

	Found        Count `json:"found"` // runs in which some row is a regression, whatever the control says
	Sound        Count `json:"sound"` // rows that are shown not to be
	Invalid      Count `json:"invalid"`
	Inconclusive Count `json:"inconclusive"`

	// Apart is Found with the control in the place of base: head against base in
	// another layout, as where head is other code. In runs of the kind
	// Rebuilt Found is of just that, and Apart is empty.
	Apart Count `json:"apart"`

	Rows []RowCount `json:"rows"`
}

// A RowCount is in how many runs of a cell a row was found to be worse by
// itself: at level α/m, m being the rows of the run. That is how the gate
// decides if no other row is worse; where others are, Holm's method finds more.
// An injected slowdown isn't found by a run whose control saw a difference.
type RowCount struct {
	Name  string `json:"name"`
	Unit  string `json:"unit"`
	Found Count  `json:"found"`
	Apart Count  `json:"apart"` // with the control in the place of base
}

// cellKey tells cells apart.
type cellKey struct {
	kind   string
	inject float64
	budget Duration
}

// rows are the run's as the gate judges them; apart, with the control in the
// place of base, and base as the control.
func (r *Run) rows(apart bool) []verdict.Row {
	var all []verdict.Row
	for _, row := range r.Rows {
		base, control := row.Base, row.Control
		if apart {
			base, control = control, base
		}
		v := verdict.Row{Name: row.Name, Unit: row.Unit, Better: row.Better}
		for i := range base {
			if !math.IsNaN(base[i]) {
				v.Pairs = append(v.Pairs, verdict.Pair{Round: i + 1, Base: base[i], Head: row.Head[i]})
				v.Control = append(v.Control, verdict.Pair{Round: i + 1, Base: base[i], Head: control[i]})
			}
		}
		all = append(all, v)
	}
	return all
}

// judge is the gate's own decision on the run's figures.
func (r *Run) judge(apart bool) (*verdict.Report, error) {
	rules := verdict.Rules{Alpha: r.Session.Alpha, Margin: r.Session.Margin}
	report, err := verdict.Judge(r.rows(apart), rules)
	if err != nil {
		return nil, fmt.Errorf("the run of %v: %w", r.Begun.Format(time.RFC3339), err)
	}
	return report, nil
}

// anyRow tells whether a row of the run is a regression.
func anyRow(report *verdict.Report) bool {
	return slices.ContainsFunc(report.Rows, func(r verdict.Result) bool { return r.Verdict == verdict.Regression })
}

// Analyse says what the file's runs make of the gate. It is an error if it
// has no run with a verdict, sessions of different rules, or a run whose figures
// are not those of its verdict.
func Analyse(f *File) (*Analysis, error) {
	a := &Analysis{Name: f.Name, Runs: len(f.Runs)}
	var counted []*Run
	for _, r := range f.Runs {
		if r.Error == "" {
			counted = append(counted, r)
		}
	}
	if len(counted) == 0 {
		return nil, fmt.Errorf("%s holds no run with a verdict; \"go run ./scripts/calibrate\" makes some", f.Name)
	}
	if err := a.about(f); err != nil {
		return nil, err
	}
	var err error
	if a.Cells, err = cellsOf(f.Runs); err != nil {
		return nil, err
	}
	a.Power = append(counts(a.Cells), resampled(counted, injected(counted))...)
	a.Readings = readings(counted)
	a.Spreads = spreads(counted)
	a.Arms, err = armsOf(counted)
	return a, err
}

// cellsOf are the cells of runs, in the order of Kinds, budgets and slowdowns.
func cellsOf(runs []*Run) ([]Cell, error) {
	groups := map[cellKey][]*Run{}
	var keys []cellKey
	for _, r := range runs {
		k := cellKey{r.Kind, r.Inject, r.Budget}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], r)
	}
	slices.SortFunc(keys, func(a, b cellKey) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.kind), slices.Index(Kinds, b.kind)), cmp.Compare(a.budget, b.budget), cmp.Compare(a.inject, b.inject))
	})
	var cells []Cell
	for _, k := range keys {
		c, err := newCell(k, groups[k])
		if err != nil {
			return nil, err
		}
		cells = append(cells, c)
	}
	return cells, nil
}

// about fills in where the data come from.
func (a *Analysis) about(f *File) error {
	s := f.Sessions[0]
	a.Alpha, a.Margin, a.Machine = s.Alpha, s.Margin, s.Config
	for _, other := range f.Sessions {
		if other.Alpha != s.Alpha || other.Margin != s.Margin {
			return fmt.Errorf("%s has sessions at level %v with margin %v and at level %v with margin %v; analyse them in files of their own", f.Name, s.Alpha, s.Margin, other.Alpha, other.Margin)
		}
		if v := other.Config["go"]; !slices.Contains(a.Go, v) {
			a.Go = append(a.Go, v)
		}
		if !slices.Contains(a.Commits, other.Commit) {
			a.Commits = append(a.Commits, other.Commit)
		}
		if other.Package != "" && !slices.Contains(a.Packages, other.Package) {
			a.Packages = append(a.Packages, other.Package)
		}
	}
	a.First, a.Last, a.Pools = f.Runs[0].Begun, f.Runs[0].Begun, [2]int{f.Runs[0].Pool, f.Runs[0].Pool}
	for _, r := range f.Runs {
		if r.Begun.Before(a.First) {
			a.First = r.Begun
		}
		if r.Begun.After(a.Last) {
			a.Last = r.Begun
		}
		a.Pools = [2]int{min(a.Pools[0], r.Pool), max(a.Pools[1], r.Pool)}
		a.Hours += r.Seconds / 3600
		if r.Error != "" {
			a.Failed++
		}
	}
	return nil
}

// newCell counts the runs of a cell.
func newCell(k cellKey, runs []*Run) (Cell, error) {
	c := Cell{Kind: k.kind, Inject: k.inject, Budget: k.budget}
	var rounds []int
	var took []float64
	at := map[string]int{}
	for _, r := range runs {
		if r.Error != "" {
			c.Failed++
			continue
		}
		direct, err := r.judge(false)
		if err != nil {
			return c, err
		}
		apart, err := r.judge(true)
		if err != nil {
			return c, err
		}
		// The figures that are kept are rounded, which may turn a verdict
		// that hangs by a hair: what was said then is what counts.
		said := func(row Row) bool { return row.Verdict == verdict.Regression }
		c.Found.add(slices.ContainsFunc(r.Rows, said))
		c.Invalid.add(r.Verdict == verdict.Invalid)
		c.Inconclusive.add(r.Verdict == verdict.Inconclusive)
		if k.kind != Rebuilt {
			c.Apart.add(anyRow(apart))
		}
		for i, row := range r.Rows {
			c.Sound.add(row.Verdict == verdict.Pass)
			n, ok := at[row.key()]
			if !ok {
				n = len(c.Rows)
				at[row.key()] = n
				c.Rows = append(c.Rows, RowCount{Name: row.Name, Unit: row.Unit})
			}
			alone := direct.Rules.Alpha / float64(direct.Decided)
			valid := k.inject == 0 || r.Verdict != verdict.Invalid
			c.Rows[n].Found.add(valid && direct.Rows[i].P < alone)
			if k.kind != Rebuilt {
				c.Rows[n].Apart.add(valid && apart.Rows[i].P < alone)
			}
		}
		rounds, took = append(rounds, r.Rounds), append(took, r.Seconds)
	}
	if len(rounds) > 0 {
		slices.Sort(rounds)
		c.Rounds = [3]int{rounds[0], rounds[len(rounds)/2], rounds[len(rounds)-1]}
		c.Took = median(took)
	}
	return c, nil
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return v[(len(v)-1)/2]/2 + v[len(v)/2]/2
}
