package goroutines

// The work here costs the same on every side: steps of a linear
// congruential generator, each waiting for the one before it, in registers
// alone. Worked tells what they come to, so that who was to do them is held to
// it.

// WorkChunk is how many steps are done in one call. The runtime can't preempt
// the assembly that does them, and nobody is to be kept waiting for longer
// than some 20 us: a step takes four to six cycles.
const WorkChunk = 8_000

const (
	workFactor = 6364136223846793005 // Knuth's MMIX
	workTerm   = 1442695040888963407
)

// Work does n steps from x on and answers what they come to, chunk by chunk.
func Work(x uint64, n int) uint64 {
	for n > 0 {
		steps := min(n, WorkChunk)
		x = chunk(x, steps)
		n -= steps
	}
	return x
}

// Worked is what n steps from x on come to, without doing them one by one.
func Worked(x uint64, n int) uint64 {
	factor, term := uint64(workFactor), uint64(workTerm)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			x = x*factor + term
		}
		term *= factor + 1
		factor *= factor
	}
	return x
}
