package turns

import (
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// thirds are turns of 10 ms, with 20 ms between them.
func thirds(n int) (turns []span) {
	for i := range n {
		from := time.Duration(i) * 30 * ms
		turns = append(turns, span{from, from + 10*ms})
	}
	return turns
}

func TestRan(t *testing.T) {
	turns := thirds(3) // 0 to 10, 30 to 40, 60 to 70
	for _, test := range []struct{ from, to, want time.Duration }{
		{0, 70, 30}, {0, 10, 10}, {10, 30, 0}, {5, 35, 10}, {5, 8, 3}, {40, 1000, 10}, {70, 70, 0}, {-50, 5, 5},
	} {
		if got := ran(turns, test.from*ms, test.to*ms); got != test.want*ms {
			t.Errorf("from %d to %d: %v, want %dms", test.from, test.to, got, test.want)
		}
	}
}

func TestInTurn(t *testing.T) {
	turns := thirds(3)
	for seen, want := range map[time.Duration]time.Duration{0: 0, 5: 5, 10: 10, 11: 10, 29: 10, 30: 30, 65: 65, 75: 70} {
		if got := inTurn(turns, seen*ms); got != want*ms {
			t.Errorf("seen at %d: %v, want %dms", seen, got, want)
		}
	}
}

func TestShare(t *testing.T) {
	turns := thirds(100) // to 2980
	for _, test := range []struct {
		what                string
		named, ended, timed time.Duration
		own                 bool
		want                float64
	}{
		{"timed from its name on", 30, 2980, 2950, false, 990. / 2950},
		{"sets up for half of the time", 30, 2980, 1480, false, 500. / 1480},
		{"in a single turn", 2970, 2980, 8, false, 1},
		{"seen after the turn", 30, 2999, 2980, false, 1000. / 2980},
		{"b.Loop, named at the end", 2979, 2980, 2500, false, 840. / 2500},
		{"longer than the process lives", 30, 2980, 9999, true, 990. / 2950},
		{"longer, and named at the end", 2979, 2980, 9999, true, 1000. / 2980},
		{"no ns/op", 30, 2980, 0, true, 990. / 2950},
	} {
		r := run{named: test.named * ms, ended: test.ended * ms, timed: test.timed * ms}
		if got := r.share(turns); fmt.Sprintf("%.4f", got) != fmt.Sprintf("%.4f", test.want) {
			t.Errorf("%s: share %.4f, want %.4f", test.what, got, test.want)
		}
		if _, own := r.window(); own != test.own {
			t.Errorf("%s: own is %v", test.what, own)
		}
	}
}

func TestUntouched(t *testing.T) {
	turns := thirds(3)
	var ended []time.Duration
	for _, at := range []time.Duration{2, 4, 6, 8, 10, 32, 34, 36, 61, 75} {
		ended = append(ended, at*ms)
	}
	// Left out are 2 and 4, which have too few before them; 32, which was
	// stopped, and 34 after it; and all of the third turn.
	if got, want := untouched(turns, ended), []int{2, 3, 4, 7}; !slices.Equal(got, want) {
		t.Errorf("kept are %v, want %v", got, want)
	}
	if got := untouched(nil, ended); len(got) > 0 {
		t.Errorf("without turns %v are kept", got)
	}
}

func TestStops(t *testing.T) {
	for _, stretch := range []time.Duration{0, ms / 2, 10 * ms, 10000 * ms} {
		all := stops(5*ms, stretch, 100*ms)
		var sum time.Duration
		for i, p := range all {
			sum += p.long
			if p.after < 5*ms || p.after > 5*ms+stretch || i > 0 && p.after <= all[i-1].after {
				t.Errorf("of %v: stop %d is after %v", stretch, i, p.after)
			}
		}
		if sum > 100*ms || sum < 99*ms || len(all) > 60 {
			t.Errorf("of %v: %d stops of %v in all", stretch, len(all), sum)
		}
	}
}

// TestDrain: what a stopped process has written is noted at once, whoever is late
// to read, and what follows comes after it.
func TestDrain(t *testing.T) {
	if !Supported {
		t.Skip("without turns nothing is drained")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var o output
	begun := time.Now()
	o.drain(r, begun) // nothing yet
	for _, line := range []string{"first\n", "second\n"} {
		io.WriteString(w, line)
		before := time.Since(begun)
		o.drain(r, begun)
		if last := o.chunks[len(o.chunks)-1]; last.at < before || last.at > time.Since(begun) || last.end != len(o.text) {
			t.Errorf("%q is noted as %+v of %d bytes, after %v", line, last, len(o.text), before)
		}
	}
	io.WriteString(w, "third\n")
	w.Close()
	o.readFrom(r, begun, func() { t.Error("it is taken for too long") })
	if got := string(o.text); got != "first\nsecond\nthird\n" || len(o.chunks) != 3 {
		t.Errorf("it reads %q in %d chunks", got, len(o.chunks))
	}
}
