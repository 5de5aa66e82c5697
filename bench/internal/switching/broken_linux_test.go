package switching

import (
	"testing"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/broken"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// TestBrokenSwitches traces other hand-offs than the row's name says.
func TestBrokenSwitches(t *testing.T) {
	for _, test := range []struct{ what, row, of string }{
		{"goroutines that the kernel switches", "Switch/impl=goroutine/mode=traced/via=channel/place=same", "Switch/impl=locked/via=channel/place=same"},
		{"threads that don't ask the kernel", "Switch/impl=clone/mode=traced/via=futex/place=same", "Switch/impl=goroutine/via=channel/place=same"},
	} {
		t.Run(test.what, func(t *testing.T) {
			if !armtest.Alone(t, "GOMAXPROCS=1") { // it keeps to one CPU
				return
			}
			site, err := measure.NewSite(-1)
			if err == nil {
				err = lockstep.KeepTo([]int{site.CPU})
			}
			if err != nil {
				t.Fatal(err)
			}
			broken.Row(t, Family, test.row, test.what, func() (measure.Measurement, error) {
				of, ok := measure.Families{Family}.Lookup(test.of)
				if !ok {
					t.Fatalf("no case %s", test.of)
				}
				return arm.OpenTraced(of)(func(string) {})
			})
		})
	}
}
