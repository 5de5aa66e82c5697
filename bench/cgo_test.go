package bench

import (
	"testing"

	"threadbench/bench/internal/host"
)

// TestWithoutCgo: this binary, which is its own worker, uses the pure Go runtime. With
// cgo it would make its threads through the C library, and measure something else. A
// package that a test imports is enough to link cgo (net, os/user), and so is the race
// detector.
func TestWithoutCgo(t *testing.T) {
	if host.BuildSettings()["-race"] == "true" {
		t.Skip("the race detector links cgo")
	}
	if got := host.Cgo(); got == "linked" {
		t.Error("cgo is linked into the worker; go list -deps -test ./bench shows which package brings it")
	}
}
