package measure

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/host"
)

// TestHeaderReadsBack writes a header and a result and reads them with the
// library that benchstat and every command here read results with.
func TestHeaderReadsBack(t *testing.T) {
	settings := host.Configuration("lockstep", host.TimerCost(), thisSite(t).all())
	var file bytes.Buffer
	if err := WriteHeader(&file, settings, catalog.Units); err != nil {
		t.Fatal(err)
	}
	file.WriteString("BenchmarkSwitch/impl=clone/via=futex 1 5 ns/op\n")

	r := benchfmt.NewReader(&file, "test")
	results := 0
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Error(rec)
		case *benchfmt.Result:
			results++
			if len(rec.Config) != len(settings) {
				t.Errorf("read %d settings back, wrote %d", len(rec.Config), len(settings))
			}
			for _, s := range settings {
				if got := rec.GetConfig(s.Key); got != s.Value {
					t.Errorf("%s reads back as %q, want %q", s.Key, got, s.Value)
				}
			}
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if results != 1 {
		t.Errorf("read %d results back, want 1", results)
	}
	seen := map[string]bool{}
	for _, u := range catalog.Units {
		if seen[u.Name] {
			t.Errorf("unit %s stands there twice", u.Name)
		}
		seen[u.Name] = true
		got := ""
		if m := r.Units().Get(u.Name, "better"); m != nil {
			got = m.Value
		}
		if got != u.Better {
			t.Errorf("unit %s: better=%q reads back, want %q", u.Name, got, u.Better)
		}
		if exact := r.Units().GetAssumption(u.Name) == benchmath.AssumeExact; exact != u.Exact {
			t.Errorf("unit %s: assume=exact reads back as %v, want %v", u.Name, exact, u.Exact)
		}
	}
}

func TestWriteHeaderUnits(t *testing.T) {
	units := []catalog.Unit{
		{Name: "p50-ns", Better: "lower"},
		{Name: "kernel-B/task"},
		{Name: "syscalls/op", Better: "lower"},
		{Name: "x-self"},
		{Name: "threads/op", Exact: true},
		{Name: "tasks", Better: "higher", Exact: true},
	}
	var b strings.Builder
	if err := WriteHeader(&b, []host.Setting{{Key: "driver", Value: "testing"}, {Key: "cpus", Value: "1-of-2"}}, units); err != nil {
		t.Fatal(err)
	}
	const want = `driver: testing
cpus: 1-of-2
Unit p50-ns better=lower
Unit kernel-B/task decides=Stack
Unit syscalls/op better=lower decides=Switch/mode=traced
Unit threads/op assume=exact
Unit tasks better=higher assume=exact
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("header (-want +got):\n%s", d)
	}
}

func TestWriteHeaderTellsOfFailure(t *testing.T) {
	full := errors.New("no space left on device")
	err := WriteHeader(failing{full}, []host.Setting{{Key: "driver", Value: "testing"}}, nil)
	if !errors.Is(err, full) {
		t.Errorf("WriteHeader to a full disk = %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
