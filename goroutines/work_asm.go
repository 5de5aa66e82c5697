//go:build amd64 || arm64

package goroutines

// chunk does n steps, at least one. A raw thread can't call it: what it does
// stands in threads/raw_linux_*.s once more, as STEPS.
func chunk(x uint64, n int) uint64
