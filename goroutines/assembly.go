//go:build amd64 || arm64

package goroutines

// chunk does n steps, at least one. A raw thread can't call it: what it does
// stands in threads/raw_linux_*.s once more, as STEPS.
func chunk(x uint64, n int) uint64

// Ticks reads the CPU's counter: the time stamp counter, or the virtual count
// of arm64's generic timer. It counts at a rate that has to be measured, and
// is not read before what stands before it is done. Raw threads read the same
// counter in the same way (threads/raw_linux_*.s).
func Ticks() int64
