package goroutines

// Stamps are instants in ticks, in the order in which one task took them.
type Stamps struct {
	at []int64
	n  int
}

// NewStamps returns room for n stamps, in memory that has been touched. One
// stamp more panics.
func NewStamps(n int) *Stamps {
	s := &Stamps{at: make([]int64, n)}
	for i := range s.at {
		s.at[i] = -1 // so that no stamp has a page fault
	}
	return s
}

// Put takes a stamp.
func (s *Stamps) Put() {
	s.at[s.n] = Ticks()
	s.n++
}

// All returns the stamps taken so far. Read it while no task takes stamps.
func (s *Stamps) All() []int64 { return s.at[:s.n] }
