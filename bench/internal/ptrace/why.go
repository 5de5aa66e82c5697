// # Why system calls are counted by a filter and a tracer together
//
// The worker of mode=traced installs a seccomp filter that stops each of its
// calls for its parent. The count covers what lies between the two getrusage
// calls around a turn's clock, so neither the protocol nor the warm-up is in
// it.
//
// Rejected: PTRACE_SYSCALL alone. It needs no filter, but stops at a call's
// end, too. The thread that has woken another is then held up before it waits,
// finds the answer there, and makes no wait. Rejected: perf, since it needs
// root and tracefs. How many futex calls a raw hand-off makes, by each way of
// counting:
//
//	perf stat -e raw_syscalls:sys_enter, untraced   1.6
//	the filter                                      1.3 to 1.4
//	strace                                          1.1
//
// The filter and perf agree on the others:
//
//	a channel between locked threads                3.98 and 3.98
//	a pipe between goroutines                       4.01 and 4.01
//	a pipe between raw threads                      2.00 and 2.00
//
// # How to see the calls by name
//
// "go test -v -run TestTracedByName ./bench" prints which calls a switch makes.
// The kernel's own count, as root with tracefs mounted, untraced:
//
//	go test -c -o bench.test ./bench
//	printf 'run 100000\nclose\n' | THREADBENCH_WORKER=Switch/impl=clone/via=pipe/place=same GOMAXPROCS=1 \
//	  taskset -c 1 perf stat -e 'raw_syscalls:sys_enter,syscalls:sys_enter_*' ./bench.test
package ptrace
