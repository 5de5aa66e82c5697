//go:build amd64 || arm64

package goroutines

// chunk does n steps, at least one. A raw thread can't call it, so
// threads/raw_linux_*.s has the same loop as STEPS.
func chunk(x uint64, n int) uint64

// Ticks reads the CPU's counter: the time stamp counter, or the virtual count
// of arm64's generic timer. Its rate has to be measured. The counter is not
// read before the instructions in front of Ticks are done. Raw threads read the
// same counter in the same way (threads/raw_linux_*.s).
func Ticks() int64
