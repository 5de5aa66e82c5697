// # Why the arm owns the clock
//
// A raw thread stamps CLOCK_MONOTONIC by a system call of its own. Timing a raw
// thread from Go reads 14 to 39% high. Rejected for slices: the TSC, which
// would save 0.1 us of 1,500.
//
// # Why bodies are assembly, and each op has a body of its own
//
// Go code on a raw thread crashes under the race detector and costs a third
// more. The creator of Create's reused and burst is a raw thread too, so that
// these rows are the kernel's alone. cold and start map their stacks on the
// clock, as a goroutine allocates its own there.
//
// No body calls a function between two readings of the clock. The kernel
// refills the CPU's return stack at each context switch. So the first functions
// that return after the switch are mispredicted, at some 200 ns each on the CPU
// where this was found. With two calls a hand-off, a raw thread's switch read
// 1.30 of a plain loop's.
//
// Bodies therefore share macros and no functions. returns_linux_test.go takes
// the bodies apart with golang.org/x/arch, which only that test imports. A C
// program that goes through its library does pay for the returns: Switch has
// mode=called and impl=pthread for that.
//
// Rejected: one driver that jumps to the halves of a hand-off and back. In a
// trial it took 1,562 ns a futex hand-off, where a plain loop takes 1,520, and
// it is harder to follow.
//
// # Why a fault is named only on demand
//
// With all signals blocked, the kernel kills a faulting thread without a word.
// To name the fault ([FaultsVariable], faults_linux.go), a thread needs a
// signal stack and open signals. Those are two system calls for each thread,
// and the raw thread is the floor. So when a worker dies so, the coordinator
// says how to turn this on.
//
// # Why the guard page is made by mprotect on every kernel
//
// MADV_GUARD_INSTALL would save a map on Linux 6.13 and newer. It would also
// make a kernel upgrade look as if threads had become cheaper.
//
// # How raw threads are tested
//
// .ci/torture builds the tests without cgo, with cgo really linked (-tags
// linkcgo), with -race, -cover, both, without optimization, with -asan and as
// PIE with checkptr. It proves each mode by the binary, and runs the tests. The
// modes pure and cgo do so with THREADBENCH_TORTURE=1, which multiplies the
// load: 9,000 threads parked, 200,000 signals, 100,000 threads made and joined.
// The variable works with "go test ./threads -v" alike, and a line "counted: …"
// says what was done.
//
// Bodies have the same shape on both architectures. What they share with Go is
// laid out in abi_linux.go and reaches the assembly through go_asm.h. "go vet"
// for both architectures checks the prototypes. .ci/kernels/run tests arm64
// without the hardware, with pages of 4 and 16 KiB; it takes Debian and root,
// since it installs qemu and fetches kernels by name. On amd64 it boots two
// kernels in a leaf group of cgroup v2, with huge pages for all, without
// overcommitment, and as a user from whom /proc hides others. A new check or
// setting is a word in .ci/kernels/init.
//
// # How to read a fault
//
// With THREADBENCH_FAULTS=1 in the environment, a raw thread that faults says
// so before it dies:
//
//	threads: raw thread 24225 faulted: segmentation fault (code 1) at address 0x0, in park+0x3c (bodies_linux.h:89), …
//
// Workers inherit the variable, and run names a worker's fault with that line.
// It costs each raw thread two more system calls, so measure nothing with it.
// strace -f and gdb work, too.
package threads
