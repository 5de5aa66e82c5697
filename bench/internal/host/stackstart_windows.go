package host

// StackStart is the size of a new goroutine's stack: 2 KiB, and 4 KiB that
// Windows may use of it, rounded up to a power of two (runtime/stack.go,
// stackSystem and fixedStack).
const StackStart = 8192
