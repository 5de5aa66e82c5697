//go:build !windows

package host

// StackStart is the size of a new goroutine's stack (runtime/stack.go,
// stackMin).
const StackStart = 2048
