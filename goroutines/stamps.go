package goroutines

// Stamps are instants in ticks, in the order in which one task took them.
type Stamps struct {
	at []int64
	n  int
}

// NewStamps has room for n stamps, in memory that has been touched. One more
// is a panic.
func NewStamps(n int) *Stamps {
	s := &Stamps{at: make([]int64, n)}
	for i := range s.at {
		s.at[i] = -1 // fresh memory is mapped when it is first written to
	}
	return s
}

// Put takes a stamp.
func (s *Stamps) Put() {
	s.at[s.n] = Ticks()
	s.n++
}

// All are the stamps taken so far. They may be read when no task takes any.
func (s *Stamps) All() []int64 { return s.at[:s.n] }
