// # Why nobody's sysmon is awake in another's turn
//
// The runtime's monitor looks every 20 us whether to take a P from a thread
// that blocks in the kernel. It does so for up to 10 ms if another P is idle.
// So workers wait for their turn through the poller, and tasks park in Go
// between turns (stdin_linux.go, goroutines.Turns). Five groups each, a
// goroutine pipe beside a locked one:
//
//	                 kernel switches/op    A/A
//	before           0.015                 0.95
//	now              0.002                 1.00
//
// # Why a worker holds a P between turns
//
// If sysmon may sleep, each turn wakes it, and it looks every 20 us for just as
// long as a slice lasts. Slices in lockstep then had ten times the kernel
// switches of a run of 100 ms and read 3 to 10% high. Locked goroutines over a
// channel read 44% high: 13.3 us, where 40,000 in one go take 8.9. A worker
// that holds a P has the kernel switches of a long run, and raw threads read as
// those of a C program do (go run ./scripts/fidelity).
//
// The goroutine that waits for a raw thread's turn holds its P, too. In a
// system call that the scheduler is told of, it would lose its P, and sysmon
// would stay awake. Rejected: a longer warm-up, since sysmon takes more than 1
// ms to get the CPU three times.
//
// # Why evidence is counts with a bound stated per case
//
// Counts are added up over a round ([Evidence]). A row that fails its evidence
// in one round has no line for that round and is named. A run whose row fails
// in every round ends with exit code 2. What the bounds are to catch, no switch
// at all or two switches for one, is off by one or more per op. Preemptions by
// other programs are why the bounds are not tighter than a tenth.
//
// A test halves and doubles each count of each case. Half or twice may pass
// where the count depends on which of two CPUs comes first. There the bound
// names a witness: another count of the case that lets neither pass. A count
// that the system doesn't tell is missing, not 0, and its row is unproven.
//
// # Why the CPU is chosen by its kind
//
// The highest number of a hybrid machine is an efficiency core. Greatest
// capacity comes first, then the highest frequency, then the better type
// (site.go). Two CPUs within a tenth of each other are of one kind, since the
// best cores of a chip may run some per cent faster. An SMT sibling is the last
// choice for the second CPU.
//
// The kind is in the configuration. Rejected: the number as a key, since
// benchstat would part files of two CPUs of one kind. The number stands in the
// plan and in a comment.
package measure
