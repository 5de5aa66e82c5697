//go:build !windows

package host

// StackStart is what a goroutine's stack starts with (runtime/stack.go,
// stackMin).
const StackStart = 2048
