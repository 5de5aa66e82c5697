package goroutines

import "testing"

// TestWork: Work and Worked both give the result of the generator's formula.
func TestWork(t *testing.T) {
	one := func(x uint64, n int) uint64 {
		for range n {
			x = x*workFactor + workTerm
		}
		return x
	}
	for _, n := range []int{0, 1, 2, 3, 1000, WorkChunk - 1, WorkChunk, WorkChunk + 1, 3 * WorkChunk} {
		for _, x := range []uint64{0, 1, 1 << 63, 12345} {
			want := one(x, n)
			if got := Work(x, n); got != want {
				t.Errorf("Work(%d, %d) = %d, want %d", x, n, got, want)
			}
			if got := Worked(x, n); got != want {
				t.Errorf("Worked(%d, %d) = %d, want %d", x, n, got, want)
			}
		}
	}
}

func BenchmarkWorkChunk(b *testing.B) {
	x := uint64(1)
	for b.Loop() {
		x = Work(x, WorkChunk)
	}
}
