//go:build linkcgo

package threads

import (
	"runtime"
	"testing"

	"threadbench/threads/internal/cgo"
)

// TestCgoLinked: with the tag linkcgo all tests of this package run on a
// runtime that has cgo (it makes calls of its own when it starts).
func TestCgoLinked(t *testing.T) {
	before := runtime.NumCgoCall()
	if n := cgo.Twice(21); n != 42 {
		t.Errorf("C says that twice 21 is %d", n)
	}
	if after := runtime.NumCgoCall(); before == 0 || after != before+1 {
		t.Errorf("%d cgo calls before one and %d after it", before, after)
	}
}
