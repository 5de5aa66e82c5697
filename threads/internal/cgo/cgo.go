//go:build linkcgo

// Package cgo links cgo into a test binary that imports it, so that the Go
// runtime makes its threads through the C library. It is a package of its own
// since one with assembly can't import "C".
package cgo

// static int twice(int n) { return 2 * n; }
import "C"

// Twice is 2n, worked out in C.
func Twice(n int) int { return int(C.twice(C.int(n))) }
