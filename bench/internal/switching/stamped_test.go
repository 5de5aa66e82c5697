package switching

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHandOffs(t *testing.T) {
	// The other task has the turn at 10, 30, 50, the driver at 21, 43, 65.
	driver, other := []int64{21, 43, 65}, []int64{10, 30, 50}
	got, err := handOffs(driver, other, 1)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int64{9, 7, 13, 15}, got); d != "" {
		t.Errorf("hand-offs (-want +got):\n%s", d)
	}
	for name, f := range map[string]func() ([]int64, error){
		"one missing":  func() ([]int64, error) { return handOffs(driver[:2], other, 1) },
		"no warm-up":   func() ([]int64, error) { return handOffs(driver, other, 0) },
		"out of order": func() ([]int64, error) { return handOffs([]int64{21, 29, 65}, other, 1) },
	} {
		if got, err := f(); err == nil {
			t.Errorf("%s: %v, want an error", name, got)
		}
	}
}
