//go:build !(linux && (amd64 || arm64))

package threads

import (
	"errors"
	"testing"
)

// TestUnsupported: where there are no raw threads, each function that would make
// one says so, and the functions that size them still work.
func TestUnsupported(t *testing.T) {
	for name, make := range map[string]func() error{
		"NewPair":    func() error { _, err := NewPair(Futex); return err },
		"NewFloor":   func() error { _, err := NewFloor(Pipe); return err },
		"NewCreator": func() error { _, err := NewCreator(1); return err },
		"NewSet":     func() error { _, err := NewSet(LeastStack(0), 0); return err },
		"NewWaiters": func() error { _, err := NewWaiters([]int{0}); return err },
		"NewSyncers": func() error { _, err := NewSyncers([]int{0}, []int{0}); return err },
		"NewHogs":    func() error { _, err := NewHogs(); return err },
		"NewReader":  func() error { _, err := NewReader(0, 1); return err },
		"NewSleeper": func() error { _, err := NewSleeper([]int64{1}); return err },
		"NewPacer":   func() error { _, err := NewPacer([]int64{1}, 1); return err },
		"NewEchoers": func() error { _, err := NewEchoers(LeastStack(0), nil); return err },
	} {
		if err := make(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v, want %v", name, err, ErrUnsupported)
		}
	}
	if raw, mappings := Alive(); raw != 0 || mappings != 0 {
		t.Errorf("Alive() = %d, %d", raw, mappings)
	}
}
