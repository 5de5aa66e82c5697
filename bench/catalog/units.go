package catalog

// A Unit is a unit as the suite writes it in a results file.
type Unit struct {
	Name   string
	Better string // "lower", "higher", or "" if neither is better
	Exact  bool   // a count, a whole number by construction
	Count  bool   // numbers of things or bytes, which no clock measures
	What   string // one line for a reader
}

// Units are all units of the suite. A results file begins with their "Unit NAME
// better=..." lines, in this order.
var Units = []Unit{
	{Name: "ns/op", Better: "lower", What: "time of one op, by the clock of the task that does it"},
	{Name: "x-goroutine", Better: "lower", What: "this arm's primary figure over the goroutine arm's, from the same laps; an arm with turns of 50 ms runs in one lap of ten"},
	{Name: "x-self", What: "A/A: this arm opened twice, one over the other; 1 on a perfect instrument"},
	{Name: "started-nth", Count: true, What: "this arm's position in the start order of its group's workers, from 1"},
	{Name: "self-started-nth", Count: true, What: "the same for the second worker of x-self"},
	{Name: "p50-ns", Better: "lower", What: "half of the ops took at most this long, by a stamp at their beginning and end"},
	{Name: "p90-ns", Better: "lower", What: "90% of the ops took at most this long"},
	{Name: "p99-ns", Better: "lower", What: "99% of the ops took at most this long"},
	{Name: "p999-ns", Better: "lower", What: "99.9% of the ops took at most this long"},
	{Name: "max-ns", Better: "lower", What: "the longest op"},
	{Name: "stamp-ns", Better: "lower", What: "the cost of a stamp; each percentile includes one"},
	{Name: "kernel-switches/op", Better: "lower", Count: true, What: "context switches of the whole worker, voluntary and involuntary (getrusage)"},
	{Name: "crossed/op", Count: true, What: "share of the sampled hand-offs, or of the items of a list, that went from one CPU to another (getcpu)"},
	{Name: "threads/op", Better: "lower", Count: true, What: "threads made for one task"},
	{Name: "faults/op", Better: "lower", Count: true, What: "page faults of the whole worker that read nothing from a disk (getrusage)"},
	{Name: "moved/op", Count: true, What: "share of the tasks whose stack moved as it grew"},
	{Name: "collections", Better: "lower", Exact: true, Count: true, What: "garbage collections until stacks that were deep get no smaller"},
	{Name: "left-B/task", Better: "lower", Count: true, What: "the runtime's stack of one task that was deep, once collections make it no smaller"},
	{Name: "syscalls/op", Better: "lower", Count: true, What: "system calls of one op, by all threads of the worker (seccomp and ptrace)"},
	{Name: "user-B/task", Better: "lower", Count: true, What: "resident user memory of one parked task (smaps_rollup), slope over n; in Scale and Serve the whole over n"},
	{Name: "kernel-B/task", Better: "lower", Count: true, What: "kernel memory of one parked task (memory cgroup), slope over n; in Scale and Serve the whole over n"},
	{Name: "makespan-x", Better: "lower", What: "the time of a whole list of work over the ideal: 1 if no CPU ever waited"},
	{Name: "busiest-x", Better: "lower", What: "the work of the busiest worker over the mean of all"},
	{Name: "crossover-ns", Better: "lower", What: "the work of an item or a call above which handing it over costs less than 5% of it"},
	{Name: "reserved-B/task", Better: "lower", Count: true, What: "address space of one parked task, slope over n"},
	{Name: "residue-B/task", Better: "lower", Count: true, What: "user and kernel memory still held after the tasks ended and memory was given back"},
	{Name: "intercept-B", Count: true, What: "user and kernel memory at n=0, by the line fitted over n"},
	{Name: "wake-ns", Better: "lower", What: "99% of the wake-ups took at most this long, from just before the pacer wrote the byte, or from the timer's instant"},
	{Name: "pacer-ns", Better: "lower", What: "99% of a pacer's bytes were written at most this long after their instant"},
	{Name: "threads", Better: "lower", Count: true, What: "threads of the whole process, the runtime's included, by the kernel's count"},
	{Name: "bystander-share", Better: "higher", What: "a bystander's speed while the tasks wait, over its speed alone"},
	{Name: "alone-ns", Better: "lower", What: "time of a bystander's chunk with nobody beside it"},
	{Name: "delay-ns", Better: "lower", What: "the 99th percentile of a bystander's chunks beside the tasks, less that of its chunks alone"},
	{Name: "req/s", Better: "higher", What: "requests answered in a second, closed loop; left out where client-share is 0.75 or more, since the client is the limit then"},
	{Name: "cpu-ns/op", Better: "lower", What: "CPU time of the whole worker for one op, in all its threads"},
	{Name: "both-cpu-ns/op", Better: "lower", What: "CPU time of the server and of its client for one request; the client's includes the waking of the server's task"},
	{Name: "client-share", What: "CPU time of the client over the time, closed loop; from 0.75 on req/s would measure the client"},
	{Name: "client-req/s", What: "the client's own ceiling: requests in a second of its CPU time, if no answer keeps it waiting"},
	{Name: "late-ns", What: "99% of the requests of the open loop were sent at most this long after their instant"},
	{Name: "threads/conn", Better: "lower", Count: true, What: "threads made for one connection"},
	{Name: "longest-x", Better: "lower", What: "time of all tasks over that of the longest alone; 1 where waiting costs nothing"},
	{Name: "busy-share", Better: "higher", What: "CPU time that the process got over CPU time available, while other tasks waited and there was work for every CPU"},
	{Name: "alone-share", Better: "higher", What: "the same while nobody waits: the most that the machine gives"},
	{Name: "download-ns", What: "time of the download alone"},
	{Name: "disk-ns", What: "time of the writes and syncs alone"},
	{Name: "compute-ns", What: "time of the factorials alone"},
	{Name: "tasks", Count: true, What: "the most tasks held at once"},
	{Name: "cold-ns", Better: "lower", What: "time of one op in the first pass of a process, with nothing to reuse"},
	{Name: "stw-ns", Better: "lower", What: "time from the beginning of a stop of the world until it runs again, both stops of a collection, by the runtime's own stamps"},
	{Name: "stood-least-ns", Better: "lower", What: "the least time that the world stood in a collection once all had stopped: stw-ns less the stopping, which the runtime reports in buckets up to a quarter wide, by their upper ends; 0 if those are more"},
	{Name: "stood-most-ns", Better: "lower", What: "the most time that it stood, by the buckets' lower ends"},
	{Name: "held-ns", Better: "lower", What: "the longest wait of a goroutine at work in a collection, by its own stamps"},
	{Name: "mark-ns", Better: "lower", What: "time of marking in a collection, by the runtime's account, which goes by the clock: more than cpu-ns where the kernel gives a CPU to others meanwhile"},
	{Name: "cpu-ns", Better: "lower", What: "CPU time of the whole process in a collection, by the kernel's account"},
	{Name: "cycle-ns", Better: "lower", What: "wall time of a forced collection"},
	{Name: "user-goroutines", Better: "lower", Count: true, What: "goroutines of the program"},
	{Name: "runtime-goroutines", Better: "lower", Count: true, What: "goroutines of the Go runtime itself"},
	{Name: "gc-cycles", Count: true, What: "how often the garbage collector ran while ns/op was measured"},
}
