// # Why percentiles are stamped by the CPU's counter
//
// mode=stamped and StackGrow read RDTSC or CNTVCT (stamps.go). They are the
// same two instructions on every side and cost some 20 ns, which stands beside
// the figures (stamp-ns). A clock_gettime by system call would double a
// goroutine's switch, and the vDSO is out of a raw thread's reach.
//
// Each process measures what a tick takes, by two readings of both clocks at
// least 20 ms apart. A stamped row has no samples of the CPU: getcpu(2) in each
// 256th hand-off would be what its 99th percentile shows.
//
// # Why the other side of an arm is a worker, too
//
// Serve's client and Mixed's server (aside.go) are the same binary, started
// once more by the arm, over the turn protocol. So the threads, memory and CPU
// time of the arm are its own, and the other side's death is reported like any
// worker's. Rejected: a client in the same process, whose threads and bytes
// would count as the server's.
package arm
