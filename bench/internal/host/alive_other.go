//go:build !linux

package host

// KernelThreads is how many threads this process has, by the runtime's count.
func KernelThreads() (int, error) { return int(Count(ThreadsAlive)), nil }
