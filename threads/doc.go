// Package threads is the thread side of the suite. It has
//
//   - goroutines wired to a thread of their own by runtime.LockOSThread
//     (portable);
//   - raw threads made by clone(2), which the Go runtime doesn't know
//     (linux/amd64 and linux/arm64; elsewhere ErrUnsupported);
//   - the limits on how many more threads can be made.
//
// A raw thread is the floor of a thread's cost. It has only what the kernel
// needs: a stack, a word for its tid and a block of zeroes for its thread-local
// storage. A locked goroutine is the ceiling: a thread plus what the runtime
// adds to run Go on it (an M, a g0 stack, a signal stack, the hand-off of a P).
// A figure for one never stands for the other.
//
// # The law of the raw thread
//
// A raw thread has no g. Code that runs on it may not
//
//   - grow its stack, or call anything that might (no Go function at all);
//   - allocate, write a pointer into the Go heap (no write barrier), or lock;
//   - panic or fault: with every signal blocked, a fault ends the process
//     silently, unless [FaultsVariable] is set;
//   - be instrumented: no race detector, no coverage, no ABI wrapper;
//   - unblock a signal that a Go handler takes: the handler would run on a
//     thread without a g.
//
// So every body is assembly, in raw_linux_*.s and bodies_linux.h, each under
// this law. It touches its own stack, the words that its creator mapped outside
// of the Go heap, and nothing else.
//
// # What stands on the clock
//
// The floor has to be as low as a plain program's. Between two readings of the
// clock no body calls a function or returns from one. The kernel refills the
// CPU's return stack at a context switch, so the next returns are mispredicted.
// Each costs some 200 ns where the kernel also guards returns (spectre_v2,
// retbleed, spec_rstack_overflow), some two fifths of it after any system call,
// without a switch (results/switch). A test disassembles the bodies and fails on
// a call or a return. Only the bodies of [FutexCalled], [PipeCalled] and
// [YieldCalled] call, since they measure just that.
//
// The bodies do a little more there than the plainest program:
//
//	every driver    counts its calls in memory, looks at the sign of each
//	                system call's result, and asks for its CPU (getcpu(2)) in
//	                one call of 256, as its peer does
//	every peer      reads quit in each call; one that yields reads run, too
//	a creator       counts the threads that it has made, and reads the places
//	                of their controls from an array
//	a pool          asks for its CPU once an item, and writes four words of a
//	                record beside the result: some 0.1 us of an item's work
//	a pipeline      counts each stage's items, adds up the results, checks
//	                whether to order more items, and reads quit when it is
//	                about to sleep
//	a reader        adds up the bytes that it has read, after its stamp
//	stamped bodies  write each stamp to memory that Go has touched beforehand
//
// # Shared words
//
// The table lists what orders the shared words on arm64, where plain loads and
// stores are not ordered. On amd64 every load acquires and every store releases.
// Some words also need a store to come before a later load: arrived, worked and
// want, and a ring's dry and full. LOCK XADD, and XCHG in Go and in the bodies,
// give them that.
//
//	word            written by          read by           ordered by
//	body to fd,     Go, before clone    the thread        clone: the kernel's locks of the run queue
//	other to batch
//	tid             the kernel          Go, join          set before the thread can run; cleared by a plain
//	                                                      store, so exit has a barrier (DMB ISH) before it;
//	                                                      loaded with acquire
//	seen            the thread          Go                arrived or done
//	got, echoed     the thread          Go                exit's barrier
//	arrived         the threads         Go                LDAXR and STLXR, then LDAR of want: a release and an
//	want            Go                  the threads       acquire after it keep their order, as Go's atomics
//	                                                      do; either side sees the other's word
//	turns           Go; the worker that Go, workers       Go's atomic add, LDAXR and STLXR, futex
//	                takes one
//	worked          the workers         Go                as arrived; publishes the result of the work
//	release         Go                  the threads       store-release, load-acquire, futex
//	gate            Go                  the driver        the same; publishes n, warm and the driver's quit
//	done            the driver          Go                the same; publishes all that the turn counted and
//	                                                      timed, what the kernel wrote for it included
//	run             the driver, Go      a yielding peer   the same
//	quit            Go                  all but a set's   published by gate; any other thread's loaded with acquire
//	turn            1 by the passer,    the taker         store-release, load-acquire, futex; publishes calls,
//	                0 by the taker                        cpu and failed of the passer
//	a pipe's byte   write(2)            read(2)           the kernel's lock of the pipe; publishes the same
//	peer's calls,   the peer,           Go                store-release, load-acquire
//	stage's calls   the stage
//	cpu             the kernel, for     the driver        turn, or the pipe; a yield orders nothing, and an
//	                the thread                            older sample is a sample too
//	failed          the thread          Go                done; the peer's by its pass, so the next turn
//	                                                      reports the failure of a turn's last pass
//	a pool's gate   Go                  the workers       store-release, load-acquire, futex; publishes the list
//	next            the workers         the workers       LDAXR and STLXR
//	left            Go, the workers     the workers       LDAXR and STLXR; each passes its records on to the
//	                                                      last, which publishes all of them by done
//	until           the sink            the source        store-release, load-acquire, then turn
//	put, took       one task each       the other task    store-release, load-acquire; put publishes the slot
//	dry, full       both tasks          both tasks        a swap (LDAXR and STLXR), then LDAR of put or took:
//	                                                      either task sees the other's word
//	faults          the first thread    a goroutine       an atomic claim; posted publishes the rest
//
// A futex call needs no barrier before it: it has one of its own between the
// word and the list of waiters (kernel/futex/waitwake.c).
package threads
