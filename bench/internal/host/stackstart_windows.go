package host

// StackStart is what a goroutine's stack starts with: 2 KiB, and 4 KiB that
// Windows may take of it, rounded up to a power of two (runtime/stack.go,
// stackSystem and fixedStack).
const StackStart = 8192
