// Package threads is the thread side of the suite: goroutines wired to a
// thread of their own by runtime.LockOSThread (portable), raw threads made by
// clone(2) that the Go runtime knows nothing of (linux/amd64 and linux/arm64;
// elsewhere ErrUnsupported), and the limits that say how many threads can
// still be made.
//
// A raw thread is the floor of what a thread costs, since all it has is what
// the kernel needs: a stack, a word for its tid and a block of zeroes for its
// thread-local storage. A locked goroutine is the ceiling: a thread plus what
// the runtime adds to run Go on it (an M, a g0 stack, a signal stack, the
// hand-off of a P). A figure for one never stands for the other.
//
// # The law of the raw thread
//
// A raw thread has no g. Code that runs on it may not
//
//   - grow its stack, or call anything that might (no Go function at all);
//   - allocate, write a pointer into the Go heap (no write barrier), or lock;
//   - panic or fault: with every signal blocked, a fault ends the process
//     without a word;
//   - be instrumented: no race detector, no coverage, no ABI wrapper;
//   - unblock a signal: a Go handler would run on a thread without a g.
//
// Hence every body is assembly, in raw_linux_*.s, each under this law. It
// touches its own stack, the control words that its creator mapped for it
// outside of the Go heap, and nothing else.
package threads
