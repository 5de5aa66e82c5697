package arm

import (
	"slices"
	"testing"
)

func TestDistinct(t *testing.T) {
	tids := []int{7, 3, 7, 7, 9}
	if got := Distinct(tids); got != 3 {
		t.Errorf("distinct(%v) = %d, want 3", tids, got)
	}
	if !slices.Equal(tids, []int{7, 3, 7, 7, 9}) {
		t.Errorf("distinct has sorted its argument: %v", tids)
	}
	if got := Distinct(nil); got != 0 {
		t.Errorf("distinct of nothing = %d", got)
	}
}
