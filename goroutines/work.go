package goroutines

// The work here costs the same on every side: steps of a linear congruential
// generator, each depending on the one before, in registers alone. Worked gives
// the result, so that every worker can be checked.

// WorkChunk is the number of steps in one call. The runtime can't preempt the
// assembly that does them, and no goroutine should wait for longer than some 20
// us: a step takes four to six cycles.
const WorkChunk = 8_000

const (
	workFactor = 6364136223846793005 // Knuth's MMIX
	workTerm   = 1442695040888963407
)

// Work does n steps from x on, chunk by chunk, and returns the result.
func Work(x uint64, n int) uint64 {
	for n > 0 {
		steps := min(n, WorkChunk)
		x = chunk(x, steps)
		n -= steps
	}
	return x
}

// Worked returns the result of n steps from x on, without doing them one by
// one.
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
