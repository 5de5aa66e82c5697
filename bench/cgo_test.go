package bench

import (
	"testing"

	"threadbench/bench/internal/host"
)

// TestWithoutCgo holds this binary, which is its own worker, to the pure Go
// runtime: with cgo it would make its threads through the C library, and what
// is measured would be another thing. A package that a test imports is enough
// (net, os/user); the race detector is, too.
func TestWithoutCgo(t *testing.T) {
	if host.BuildSettings()["-race"] == "true" {
		t.Skip("the race detector links cgo")
	}
	if got := host.Cgo(); got == "linked" {
		t.Error("cgo is linked into the worker; go list -deps -test ./bench shows which package brings it")
	}
}
