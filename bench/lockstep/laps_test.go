package lockstep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOrders(t *testing.T) {
	for k := 1; k <= 8; k++ {
		orders := Orders(k)
		if want := k * (1 + k%2); len(orders) != want {
			t.Errorf("%d workers: %d orders, want %d", k, len(orders), want)
		}
		at := map[[2]int]int{}    // worker, place
		after := map[[2]int]int{} // of a worker and the one after it
		for _, order := range orders {
			if all := slices.Sorted(slices.Values(order)); len(all) != k || all[0] != 0 || len(slices.Compact(all)) != k || all[k-1] != k-1 {
				t.Fatalf("%d workers: %v is no order of theirs", k, order)
			}
			for place, w := range order {
				at[[2]int{w, place}]++
				if place > 0 {
					after[[2]int{order[place-1], w}]++
				}
			}
		}
		for a := range k {
			for b := range k {
				if n := at[[2]int{a, b}]; n*k != len(orders) {
					t.Errorf("%d workers: worker %d stands %d times in place %d of %d orders", k, a, n, b, len(orders))
				}
				// k-1 neighbours to share the places that have one after them.
				if n := after[[2]int{a, b}]; a != b && n*k != len(orders) {
					t.Errorf("%d workers: worker %d comes %d times after worker %d in %d orders", k, b, n, a, len(orders))
				}
			}
		}
	}
	if got := Orders(0); len(got) != 0 {
		t.Errorf("no workers: orders %v", got)
	}
}

// A turnLog is the log of a group's workers.
type turnLog string

func newLog(t *testing.T) turnLog { return turnLog(filepath.Join(t.TempDir(), "turns")) }

// worker is a logging worker that reports the k-th duration for each op of its k-th
// run.
func (l turnLog) worker(t *testing.T, name, perOp string, env ...string) Spec {
	t.Helper()
	return fake(t, "arm", append(env, nameVariable+"="+name, logVariable+"="+string(l), perOpVariable+"="+perOp)...)
}

type entry struct {
	name, what string
	n          int
}

func (l turnLog) entries(t *testing.T) []entry {
	t.Helper()
	text, err := os.ReadFile(string(l))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var all []entry
	for line := range strings.Lines(string(text)) {
		var e entry
		if _, err := fmt.Sscanf(line, "%s %s %d\n", &e.name, &e.what, &e.n); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

// turns returns the workers' names in the order of the last turns. It checks that no
// turn began within another.
func (l turnLog) turns(t *testing.T, last int) []string {
	t.Helper()
	var names []string
	var on *entry
	for _, e := range l.entries(t) {
		switch {
		case e.what == "begins" && on == nil:
			on = &e
			names = append(names, e.name)
		case e.what == "ends" && on != nil && *on == entry{e.name, "begins", e.n}:
			on = nil
		case e.what == "closes" && on == nil:
		default:
			t.Fatalf("%s %s %d while the turn is %v's", e.name, e.what, e.n, on)
		}
	}
	if len(names) < last {
		t.Fatalf("%d turns, want %d at least", len(names), last)
	}
	return names[len(names)-last:]
}

// TestMeasure compares the turns of a group's workers with the plan.
func TestMeasure(t *testing.T) {
	for k := 1; k <= 5; k++ {
		t.Run(strconv.Itoa(k), func(t *testing.T) {
			t.Parallel()
			orders := Orders(k)
			plan := Plan{Slice: time.Millisecond, Laps: len(orders), Windows: 2}
			log := newLog(t)
			var specs []Spec
			for i := range k {
				specs = append(specs, log.worker(t, string(rune('a'+i)), fmt.Sprintf("%dus", 10*(i+1))))
			}
			results, err := Measure(context.Background(), specs, plan)
			if err != nil {
				t.Fatal(err)
			}
			// Each window has each order once, in whatever sequence.
			var want []string
			for _, order := range orders {
				lap := ""
				for _, i := range order {
					lap += string(rune('a' + i))
				}
				want = append(want, lap)
			}
			slices.Sort(want)
			turns := log.turns(t, plan.Windows*len(orders)*k)
			for window := range slices.Chunk(turns, len(orders)*k) {
				var laps []string
				for lap := range slices.Chunk(window, k) {
					laps = append(laps, strings.Join(lap, ""))
				}
				slices.Sort(laps)
				if d := cmp.Diff(want, laps); d != "" {
					t.Errorf("laps of a window (-want +got):\n%s", d)
				}
			}
			for i, r := range results {
				perOp := 10_000 * float64(i+1)
				ops := int(1e6/perOp) * plan.Laps * plan.Windows
				want := Result{
					Started: i + 1,
					Cuts:    []string{"named " + string(rune('a'+i))},
					Windows: []float64{perOp, perOp},
					Ops:     ops,
					Counts:  map[string]int64{"twice": 2 * int64(ops)},
				}
				if d := cmp.Diff(want, r); d != "" {
					t.Errorf("worker %d (-want +got):\n%s", i, d)
				}
			}
		})
	}
}

// TestMeasurePairsAlike measures one arm twice: each of the two is first as
// often as second, and their figures are the same.
func TestMeasurePairsAlike(t *testing.T) {
	log := newLog(t)
	const laps = 6
	// The first turn takes longer than the second, as after an idle CPU.
	specs := []Spec{log.worker(t, "a", "30us 20us"), log.worker(t, "b", "30us 20us")}
	results, err := Measure(context.Background(), specs, Plan{Slice: time.Millisecond, Laps: laps, Windows: 1})
	if err != nil {
		t.Fatal(err)
	}
	first := map[string]int{}
	for i, name := range log.turns(t, 2*laps) {
		if i%2 == 0 {
			first[name]++
		}
	}
	if d := cmp.Diff(map[string]int{"a": laps / 2, "b": laps / 2}, first); d != "" {
		t.Errorf("how often each was first (-want +got):\n%s", d)
	}
	if d := cmp.Diff(results[0].Windows, results[1].Windows); d != "" {
		t.Errorf("windows of the two (-first +second):\n%s", d)
	}
}

// TestWindowsAreMedians has one slice of three take a hundred times as long.
func TestWindowsAreMedians(t *testing.T) {
	log := newLog(t)
	results, err := Measure(context.Background(), []Spec{log.worker(t, "a", "10us 1ms 12us")}, Plan{Slice: time.Millisecond, Laps: 3, Windows: 4})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]float64{12_000, 12_000, 12_000, 12_000}, results[0].Windows); d != "" {
		t.Errorf("windows (-want +got):\n%s", d)
	}
}

// TestMeasureGoesOn has workers of a group fail at each moment: each reports it, and
// the others are measured in full.
func TestMeasureGoesOn(t *testing.T) {
	log := newLog(t)
	const calibration = 4 // runs of 1, 20, 100 and 100 ops
	specs := []Spec{
		log.worker(t, "a", "10us"),
		log.worker(t, "b", "10us", failVariable+"=2 3"),                                 // as it is calibrated
		log.worker(t, "c", "10us", fmt.Sprintf("%s=%d 4", failVariable, calibration+1)), // in its first slice
		log.worker(t, "d", "10us", fmt.Sprintf("%s=%d left alone", failVariable, calibration+9)),
		scripted(t, "say skip no room"),
		scripted(t, "stderr boom\nexit 5"),
		log.worker(t, "e", "20us"),
		log.worker(t, "f", "10us 10us 10us 10us 10us 0s 10us"), // in its second slice
		log.worker(t, "g", "10us", failVariable+"=6 many"),
	}
	plan := Plan{Slice: time.Millisecond, Laps: 7, Windows: 3}
	results, err := Measure(context.Background(), specs, plan)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "exit status 3", "exit status 4", "left alone", "", "exit status 5: boom", "", "nonsense: 100 ops in no time", "nonsense: 123456 ops, asked for 100"} {
		err := results[i].Err
		if i == 4 {
			var skip *Skip
			if !errors.As(err, &skip) {
				t.Errorf("worker %d: error %v (%T), want a *Skip", i, err, err)
			}
			continue
		}
		if want == "" {
			if err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
			continue
		}
		var worker *WorkerError
		if !errors.As(err, &worker) || !strings.Contains(err.Error(), want) {
			t.Errorf("worker %d: error %v (%T), want a *WorkerError with %q", i, err, err, want)
		}
	}
	for i, want := range [][]float64{{10_000, 10_000, 10_000}, nil, nil, {10_000}, nil, nil, {20_000, 20_000, 20_000}, nil, nil} {
		if d := cmp.Diff(want, results[i].Windows); d != "" {
			t.Errorf("windows of worker %d (-want +got):\n%s", i, d)
		}
	}
	for i, laps := range map[int]int{0: plan.Laps * plan.Windows, 3: 8} {
		if want := 100 * laps; results[i].Ops != want || results[i].Counts["twice"] != 2*int64(want) {
			t.Errorf("worker %d: %d ops and %d counted twice over, want %d", i, results[i].Ops, results[i].Counts["twice"], want)
		}
	}
	closed := map[string]bool{}
	for _, e := range log.entries(t) {
		if e.what == "closes" {
			closed[e.name] = true
		}
	}
	// These close their arms, too, if they have time before they are killed.
	for _, name := range []string{"d", "f", "g"} {
		delete(closed, name)
	}
	if d := cmp.Diff(map[string]bool{"a": true, "e": true}, closed); d != "" {
		t.Errorf("which arms were closed (-want +got):\n%s", d)
	}
}

// TestMeasureNothing: no worker of a group can be measured.
func TestMeasureNothing(t *testing.T) {
	for _, specs := range [][]Spec{nil, {scripted(t, "say skip no room")}} {
		results, err := Measure(context.Background(), specs, Plan{Slice: time.Millisecond, Laps: 2, Windows: 2})
		if err != nil || len(results) != len(specs) {
			t.Errorf("Measure of %d workers = %v, %v", len(specs), results, err)
		}
	}
}

func TestMeasureEndsWithContext(t *testing.T) {
	cause := errors.New("stopped by the test")
	for _, run := range []string{"2", "9"} { // as it is calibrated, in a lap
		t.Run(run, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(context.Background())
			log := newLog(t)
			specs := []Spec{log.worker(t, "a", "10us"), log.worker(t, "b", "10us", failVariable+"="+run+" hang"), log.worker(t, "c", "10us")}
			go func() {
				for {
					text, _ := os.ReadFile(string(log))
					if strconv.Itoa(strings.Count(string(text), "b begins")) == run {
						break
					}
					time.Sleep(time.Millisecond)
				}
				cancel(cause)
			}()
			results, err := Measure(ctx, specs, Plan{Slice: time.Millisecond, Laps: 10, Windows: 1})
			if !errors.Is(err, cause) || results != nil {
				t.Errorf("Measure = %v, %v, want the context's cause alone", results, err)
			}
		})
	}
}

func TestCalibrate(t *testing.T) {
	const slice = time.Millisecond
	for _, test := range []struct {
		perOp string
		want  int
	}{
		{"1ns", 1_000_000},
		{"7ns", 142_857},
		{"1us", 1000},
		{"30us", 33},
		{"400us", 2},
		{"600us", 1},
		{"1ms", 1},
		{"1s", 1},
		// Disturbed in the first run, the second, and one that was long
		// enough to count.
		{"20ms 1us 1us 1us 1us", 1000},
		{"1us 20ms 1us 1us 1us", 1000},
		{"1us 1us 1us 50us 1us", 1000},
	} {
		t.Run(test.perOp, func(t *testing.T) {
			t.Parallel()
			w, err := Start(context.Background(), newLog(t).worker(t, "a", test.perOp))
			if err != nil {
				t.Fatal(err)
			}
			defer w.Kill()
			if n, err := calibrate(context.Background(), w, slice); err != nil || n != test.want {
				t.Errorf("calibrate = %d, %v, want %d", n, err, test.want)
			}
		})
	}
}

// TestMeasureAtLeast has a worker that does more ops than fit into a slice: Measure
// asks for that many, and counts them.
func TestMeasureAtLeast(t *testing.T) {
	results, err := Measure(context.Background(), []Spec{newLog(t).worker(t, "a", "1us", leastVariable+"=9000")}, Plan{Slice: time.Millisecond, Laps: 2, Windows: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := Result{Started: 1, Cuts: []string{"named a"}, Windows: []float64{1000}, Ops: 18_000, Counts: map[string]int64{"twice": 36_000}}
	if d := cmp.Diff(want, results[0]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestMeasureMultiples: slices are the nearest multiple of some ops, and at least
// one.
func TestMeasureMultiples(t *testing.T) {
	log := newLog(t)
	specs := []Spec{log.worker(t, "a", "10us"), log.worker(t, "b", "11us"), log.worker(t, "c", "100us")}
	results, err := Measure(context.Background(), specs, Plan{Slice: time.Millisecond, Laps: 6, Windows: 1, Multiple: 60})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{120, 120, 60} { // 100, 90 and 10 would be a slice
		if results[i].Ops != 6*want {
			t.Errorf("worker %d: %d ops in six slices, want %d in each", i, results[i].Ops, want)
		}
	}
}

// TestMeasureTurns: a worker with turns of its own has one in ten laps of each
// window, and the others have one in each.
func TestMeasureTurns(t *testing.T) {
	log := newLog(t)
	specs := []Spec{log.worker(t, "a", "10us"), log.worker(t, "b", "10us")}
	specs[1].Turn = 20 * time.Millisecond
	results, err := Measure(context.Background(), specs, Plan{Slice: time.Millisecond, Laps: 12, Windows: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2 * 12 * 100, 2 * 2 * 2000} {
		if results[i].Ops != want || len(results[i].Windows) != 2 {
			t.Errorf("worker %d: %d ops in windows %v, want %d in two", i, results[i].Ops, results[i].Windows, want)
		}
	}
	turns := map[string]int{}
	for _, name := range log.turns(t, 24+4) {
		turns[name]++
	}
	if d := cmp.Diff(map[string]int{"a": 24, "b": 4}, turns); d != "" {
		t.Errorf("turns of each (-want +got):\n%s", d)
	}
}

func TestOnce(t *testing.T) {
	s, cuts, err := Once(context.Background(), newLog(t).worker(t, "a", "10us"), 3)
	if err != nil {
		t.Fatal(err)
	}
	want := withMaps(Slice{Ops: 3, Elapsed: 30 * time.Microsecond, Counts: map[string]int64{"twice": 6}})
	if d := cmp.Diff(want, s); d != "" {
		t.Errorf("Once (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"named a"}, cuts); d != "" {
		t.Errorf("cuts (-want +got):\n%s", d)
	}

	_, cuts, err = Once(context.Background(), newLog(t).worker(t, "b", "10us", failVariable+"=1 7"), 3)
	failed(t, "Once", err, "exit status 7", true)
	if d := cmp.Diff([]string{"named b"}, cuts); d != "" {
		t.Errorf("cuts of one that died (-want +got):\n%s", d)
	}
	_, _, err = Once(context.Background(), scripted(t, "say ready\nawait\nsay done 1 1\nawait\nsay error left behind"), 1)
	failed(t, "Once", err, "left behind", false)
	var skip *Skip
	if _, _, err := Once(context.Background(), scripted(t, "say skip no room"), 1); !errors.As(err, &skip) {
		t.Errorf("Once = %v (%T), want a *Skip", err, err)
	}
}

func TestRatio(t *testing.T) {
	for _, test := range []struct {
		of, over []float64
		want     float64
		ok       bool
	}{
		{[]float64{2, 9, 4}, []float64{1, 3, 1}, 3, true},
		{[]float64{2, 9}, []float64{1, 3, 1}, 2.5, true},
		{[]float64{2, 9}, []float64{0, 3}, 3, true},
		{[]float64{2}, []float64{0}, 0, false},
		{nil, []float64{1}, 0, false},
	} {
		if got, ok := Ratio(test.of, test.over); got != test.want || ok != test.ok {
			t.Errorf("Ratio of %v over %v = %v, %v, want %v, %v", test.of, test.over, got, ok, test.want, test.ok)
		}
	}
}
