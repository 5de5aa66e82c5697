//go:build !windows

package bench

// stackStart is what a goroutine's stack starts with (runtime/stack.go,
// stackMin).
const stackStart = 2048
