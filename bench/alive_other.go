//go:build !linux

package bench

// kernelThreads is how many threads this process has, by the runtime's count.
func kernelThreads() (int, error) { return int(count(threadsAlive)), nil }
