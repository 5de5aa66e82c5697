package stackgrow

import (
	"testing"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/broken"
	"threadbench/bench/measure"
)

// TestBrokenShrinking collects in a process whose runtime shrinks no stack.
func TestBrokenShrinking(t *testing.T) {
	if !armtest.Alone(t, append(arm.Still, "GODEBUG=adaptivestackstart=0,gcshrinkstackoff=1")...) {
		return
	}
	const name = "StackGrow/impl=goroutine/mode=shrink/depth=1048576"
	c, ok := measure.Families{Family}.Lookup(name)
	if !ok {
		t.Fatal("no such case")
	}
	broken.Row(t, Family, name, "stacks that no collection makes smaller", func() (measure.Measurement, error) { return c.OpenOnce(func(string) {}) })
}
