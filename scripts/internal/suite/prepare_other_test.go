//go:build !linux

package suite

// prepare has nothing to prepare here.
func prepare(string) {}
