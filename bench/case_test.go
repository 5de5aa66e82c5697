package bench

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/switching"
	"threadbench/bench/measure"
)

// TestNames: a results file and benchstat can read every name of the table.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Families.Cases() {
		name := c.Name.String()
		if seen[name] {
			t.Errorf("%s stands twice in the table", name)
		}
		seen[name] = true
		parsed, err := catalog.ParseName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if back := parsed.String(); back != name {
			t.Errorf("%s is parsed and written as %s", name, back)
		}
		if strings.ContainsAny(name, ":()@,\" \t") {
			t.Errorf("%s holds a character that benchstat gives a meaning to", name)
		}
		last := -1
		for _, part := range strings.Split(name, "/")[1:] {
			key, value, _ := strings.Cut(part, "=")
			at := slices.Index(catalog.Keys, key)
			if at <= last {
				t.Errorf("%s: key %s is out of order", name, key)
			}
			last = at
			if value != strings.ToLower(value) {
				t.Errorf("%s: %s is not in lower case", name, value)
			}
			if regexp.MustCompile(`-\d+$`).MatchString(value) {
				t.Errorf("%s: %s ends as GOMAXPROCS would", name, value)
			}
			switch key {
			case "n", "depth", "stages", "procs":
				if _, err := strconv.Atoi(value); err != nil && part != "procs=all" {
					t.Errorf("%s: %s is no plain number", name, part)
				}
			}
		}
		if c.Name.Contender() < 0 {
			t.Errorf("%s: impl=%s is no contender", name, c.Name.Get("impl"))
		}
		if n := c.Name.Get("n"); n == "" && c.N != 0 || n != "" && n != strconv.Itoa(c.N) {
			t.Errorf("%s: its N is %d", name, c.N)
		}
		if got, ok := Families.Lookup(name); !ok || got.Name.String() != name {
			t.Errorf("All.Lookup(%s) = %s, %v", name, got.Name, ok)
		}
	}
	for name := range seen {
		for other := range seen {
			if strings.HasPrefix(other, name+"/") {
				t.Errorf("%s is a level of %s: go test would run one of the two", name, other)
			}
		}
	}
	if _, ok := Families.Lookup("Switch/impl=none"); ok {
		t.Error("a case that isn't there is found")
	}
}

// TestRefs: every case is compared with a goroutine that does the same, in the same
// place. For place=cross the goroutine may be placed freely.
func TestRefs(t *testing.T) {
	for _, c := range Families.Cases() {
		ref := c.Name.Ref()
		of, ok := Families.Lookup(ref.String())
		if !ok || ref.Get("impl") != "goroutine" || ref.Family != c.Name.Family {
			t.Errorf("%s refers to %s, want a goroutine arm of its family", c.Name, ref)
			continue
		}
		if of.Name.Ref().String() != ref.String() {
			t.Errorf("%s refers to %s, which refers to %s", c.Name, ref, of.Name.Ref())
		}
		if m := c.Name.Get("mode"); ref.Get("mode") != m && ref.Get("mode") != map[string]string{"blocking": "poller", "serial": "together", "inplace": "reused", "pooled": "reused", "exitlocked": "reused", "delegated": "direct", "pool": "direct"}[m] {
			t.Errorf("%s refers to %s: another mode", c.Name, ref)
		}
		for _, key := range []string{"wait", "load", "work", "stages", "procs", "n", "depth"} {
			if ref.Get(key) != c.Name.Get(key) {
				t.Errorf("%s refers to %s: another %s", c.Name, ref, key)
			}
		}
		if p := c.Name.Get("place"); ref.Get("place") != p && (p != "cross" || ref.Get("place") != "free") {
			t.Errorf("%s refers to %s: another place", c.Name, ref)
		}
		if v := c.Name.Get("via"); ref.Get("via") != v && ref.Get("via") != "channel" {
			t.Errorf("%s refers to %s: neither the same via nor a channel", c.Name, ref)
		}
		if of.Once != c.Once {
			t.Errorf("%s refers to %s: one is measured once a process, the other in slices", c.Name, ref)
		}
	}
}

// TestNoLockedReused: older files have rows of this name. No case may use the name for
// another measure.
func TestNoLockedReused(t *testing.T) {
	if c, ok := Families.Lookup("Create/impl=locked/mode=reused"); ok {
		t.Errorf("%s is a case", c.Name)
	}
}

// TestQuickProfile: the short profile answers the first questions.
func TestQuickProfile(t *testing.T) {
	quick := map[string]bool{}
	for _, c := range Families.Cases() {
		if c.Quick {
			quick[c.Name.Family+" "+c.Name.Get("impl")] = true
			if ref, _ := Families.Lookup(c.Name.Ref().String()); !ref.Quick {
				t.Errorf("%s is in the short profile, its goroutine arm %s isn't", c.Name, ref.Name)
			}
		}
	}
	for _, mode := range []string{"inplace", "pooled"} {
		if c, ok := Families.Lookup("Create/impl=locked/mode=" + mode); !ok || !c.Quick {
			t.Errorf("the short profile has no locked goroutine of mode=%s", mode)
		}
	}
	for _, family := range []string{"Create", "Stack", "Switch", "Serve", "Wakeup"} {
		for _, impl := range []string{"goroutine", "locked", "clone"} {
			if !quick[family+" "+impl] {
				t.Errorf("the short profile has no %s of %s", family, impl)
			}
		}
	}
}

// TestFamilies: each family has one Benchmark function, in the same order.
func TestFamilies(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "bench_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var functions, families []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Benchmark") {
			continue
		}
		named := strings.TrimPrefix(f.Name.Name, "Benchmark")
		call, ok := f.Body.List[0].(*ast.ExprStmt).X.(*ast.CallExpr)
		if !ok || len(f.Body.List) != 1 || len(call.Args) != 2 || call.Args[1].(*ast.BasicLit).Value != strconv.Quote(named) {
			t.Errorf("%s does not measure the family %s", f.Name.Name, named)
		}
		functions = append(functions, named)
	}
	for _, f := range Families {
		families = append(families, f.Name)
		if f.Op == "" || f.Read == "" || len(f.Cases) == 0 {
			t.Errorf("family %s: no op, no way to read it, or no cases", f.Name)
		}
		for _, c := range f.Cases {
			if c.Name.Family != f.Name {
				t.Errorf("family %s holds %s", f.Name, c.Name)
			}
			laps := c.Once == 0
			if (c.Open != nil) != laps || (c.OpenOnce == nil) != laps {
				t.Errorf("%s: %d measurements a round, opened as an arm %t, as a measurement %t", c.Name, c.Once, c.Open != nil, c.OpenOnce != nil)
			}
		}
		for _, unit := range f.Primary {
			if !slices.ContainsFunc(catalog.Units, func(u catalog.Unit) bool { return u.Name == unit }) {
				t.Errorf("family %s: primary unit %s is unknown", f.Name, unit)
			}
		}
		if got, ok := Families.Of(f.Name); !ok || got.Name != f.Name {
			t.Errorf("All.Of(%s) = %s, %v", f.Name, got.Name, ok)
		}
	}
	if d := cmp.Diff(families, functions); d != "" {
		t.Errorf("families and Benchmark functions (-families +functions):\n%s", d)
	}
}

// fulfilled are counts of ops that exactly fulfil the case's evidence.
func fulfilled(c measure.Case, ops int) map[string]int64 {
	counts := map[string]int64{}
	for _, w := range c.Evidence {
		if w.Of != "" {
			counts[w.Of] = int64(ops) / 128
		}
	}
	for _, w := range c.Evidence {
		n := float64(ops)
		if w.Of != "" {
			n = float64(counts[w.Of])
		}
		counts[w.Count] = int64(w.Rate * n)
	}
	return counts
}

// TestEvidenceCanFail feeds each Evidence of every case a count that is far off. A
// check that can't fail is no evidence.
func TestEvidenceCanFail(t *testing.T) {
	const ops = 10_000
	for _, c := range Families.Cases() {
		if proven, err := c.Check(ops, fulfilled(c, ops)); err != nil || !proven {
			t.Errorf("%s: what it wants is proven: %v, %v", c.Name, proven, err)
		}
		for _, w := range c.Evidence {
			n := float64(ops)
			if w.Of != "" {
				n = float64(fulfilled(c, ops)[w.Of])
			}
			far := w.CountTolerance + w.RateTolerance*n + 1
			for _, seen := range []float64{w.Rate*n + far, w.Rate*n - far} {
				counts := fulfilled(c, ops)
				counts[w.Count] = int64(seen)
				proven, err := c.Check(ops, counts)
				var evidence *measure.EvidenceError
				if !errors.As(err, &evidence) || !proven {
					t.Errorf("%s: %v %s of %v pass: %v, %v", c.Name, seen, w.Count, n, proven, err)
					continue
				}
				if evidence.Evidence.Count != w.Count {
					t.Errorf("%s: %v %s are held against %s", c.Name, seen, w.Count, evidence.Evidence.Count)
				}
			}
			// A count of 0 where some are expected fails, even with the fewest ops that
			// can prove anything.
			if counts := fulfilled(c, measure.Provable); w.Rate > 0 {
				if w.Of == "" {
					counts[w.Count] = 0
				} else {
					counts[w.Of], counts[w.Count] = 100, 0
				}
				if _, err := c.Check(measure.Provable, counts); err == nil {
					t.Errorf("%s: no %s at all pass", c.Name, w.Count)
				}
			}
		}
	}
}

// TestSwitchesAreCounted: the kernel or the Go scheduler counts the switches of every
// hand-off. Exceptions are the lottery, and hand-offs that a tracer counts.
func TestSwitchesAreCounted(t *testing.T) {
	for _, c := range switching.SwitchCases() {
		counted := slices.ContainsFunc(c.Evidence, func(w measure.Evidence) bool { return w.Count == "kernel-switches" || w.Count == "schedules" })
		if !counted && c.Name.Get("place") != "free" && c.Name.Get("mode") != "traced" {
			t.Errorf("%s wants no count of switches", c.Name)
		}
	}
}
