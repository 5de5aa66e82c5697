package bench

import (
	"testing"
)

// TestWithoutCgo holds this binary, which is its own worker, to the pure Go
// runtime: with cgo it would make its threads through the C library, and what
// is measured would be another thing. A package that a test imports is enough
// (net, os/user); the race detector is, too.
func TestWithoutCgo(t *testing.T) {
	if buildSettings()["-race"] == "true" {
		t.Skip("the race detector links cgo")
	}
	if got := cgo(); got == "linked" {
		t.Error("cgo is linked into the worker; go list -deps -test ./bench shows which package brings it")
	}
}
