// # Why C threads have a worker of their own
//
// With cgo linked, the runtime makes its threads through pthread_create. One
// cgo package in the bench test binary would change what every other arm
// measures. Their worker (bench/pthread) is built beside that binary when a
// case asks for it. It is asked whether cgo is linked, and names its C library
// in the configuration. Rejected: a worker all in C, which would need the
// memory meter and the limits once more.
//
// C threads call libc's read, write, syscall and sched_yield, as C programs do.
// So their rows pay for libc's wrapper, for its return after the switch, and
// for the cancellation points of read and write. Rejected: the raw threads'
// system calls once more, in C. Such a row is neither the kernel's share nor
// what a C program pays.
//
// # What its loops may do
//
// pthread_linux.c follows no assembly body: only the turn, the counts and the
// errors are threads.Driver's. Between two readings of the clock its loops call
// libc and nothing else. A function of ours around a hand-off would add its
// return, which is slow after a context switch. Its rows are measured by
//
//	go test -tags pthread -bench /impl=pthread ./bench
//	go run -tags pthread ./scripts/run
//
// The configuration key cgo stays off, which is said of the other workers; the
// key pthread names the C library.
package pthread
