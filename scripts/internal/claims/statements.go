package claims

import (
	"fmt"

	"threadbench/scripts/internal/results"
)

// statements is the ledger, in the order in which texts on goroutines make the
// statements. Each has its conditions, the reason for its bound, and the cases
// beside its verdict.
var statements = []statement{
	{
		id: "create-alloc", says: "Starting a goroutine costs little more than allocating its stack",
		finds: "Starting a goroutine takes %s as long as allocating and touching as much memory.",
		needs: []condition{
			atMost(1.5, goroutineOver("Create/impl=floor/mode=start"), "starting a goroutine, over allocating and touching as much memory"),
		},
		why: "1.5 times is little more; the floor allocates a stack and a g and nothing else",
		beside: []condition{
			atMost(1.5, goroutineOver("Create/impl=floor/mode=reused"), "a goroutine with a recycled g and stack, over a function call"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-28", "the floor takes its stacks in spans, as the runtime does", "it allocated each stack by itself, which cost more", "holds, 1.29× [1.21×, 1.36×]"},
		},
	},
	{
		id: "create-faster", says: "A goroutine is created faster than a thread, because no operating-system resource is made",
		finds: "Creating, running and joining a raw thread takes %s as long as a goroutine.",
		needs: []condition{
			atLeast(2, factor("Create/impl=clone/mode=cold"), "making, running and joining a raw thread, over a goroutine"),
			atMost(0.02, value("Create/impl=goroutine/mode=cold", "threads/op"), "threads made for a goroutine"),
			atLeast(0.98, value("Create/impl=clone/mode=cold", "threads/op"), "threads made for a raw thread"),
		},
		why: "a factor of 2 is more than any placement or code layout makes",
		beside: []condition{
			atLeast(2, factor("Create/impl=locked/mode=inplace"), "a locked goroutine on its creator's thread, over a goroutine: no resource is made for either"),
			atLeast(2, factor("Create/impl=locked/mode=pooled"), "a locked goroutine that wakes a pooled thread, over a goroutine: no resource is made for either"),
			atLeast(2, factor("Create/impl=locked/mode=cold"), "a locked goroutine whose thread is new, over a goroutine"),
			atLeast(2, factor("Create/impl=clone/mode=reused"), "a raw thread on an existing stack, over a goroutine with a recycled g and stack"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-28", "threads are counted outside the timed part", "it added a few per cent to a goroutine's time", "holds, 19.2× [17.0×, 20.0×]"},
			{"2026-11-29", "the number of threads made is a measured figure", "the evidence check rejected any row that would have shown the contrary", "holds"},
		},
	},
	{
		id: "stack-small", says: "A goroutine starts with a smaller stack than a thread",
		finds: "A parked raw thread on the least stack holds %s as much memory, user and kernel, as a goroutine.",
		needs: []condition{
			atLeast(1, factor("Stack/impl=clone/stack=least/depth=0"), "user and kernel memory of a parked raw thread on the least stack, over a goroutine's"),
		},
		why: "smaller means by any amount; of raw threads, one on the least stack comes nearest",
		beside: []condition{
			atLeast(1, quotient("Stack/impl=clone/stack=least/depth=0", "Stack/impl=goroutine/depth=0", "user-B/task"), "user memory alone, least stack"),
			atLeast(1, factor("Stack/impl=clone/stack=default/depth=0"), "user and kernel memory of a raw thread on the default stack, over a goroutine's"),
			atLeast(1, quotient("Stack/impl=clone/stack=default/depth=0", "Stack/impl=goroutine/depth=0", "reserved-B/task"), "address space of a raw thread on the default stack, over a goroutine's"),
			atLeast(1, factor("Stack/impl=clone/stack=least/depth=1048576"), "user and kernel memory at a depth of 1 MiB, over a goroutine's"),
		},
		stated: "2026-11-22",
	},
	{
		id: "stack-grow", says: "A goroutine's stack grows as needed, and is freed again",
		finds: "A goroutine whose stack is 1 MiB deep holds %s that depth more in user memory.",
		needs: []condition{
			atMost(2, perDepth(1048576, "user-B/task"), "user memory that a depth of 1 MiB adds to a parked goroutine, over the depth"),
			atMost(2, perDepth(65536, "user-B/task"), "user memory that a depth of 64 KiB adds, over the depth"),
			atMost(2, perDepth(4096, "user-B/task"), "user memory that a depth of 4 KiB adds, over the depth"),
			atLeast(0.5, perDepth(1048576, "user-B/task"), "user memory that a depth of 1 MiB adds, over the depth: lower bound"),
			atLeast(0.5, perDepth(65536, "user-B/task"), "user memory that a depth of 64 KiB adds, over the depth: lower bound"),
			atLeast(0.5, perDepth(4096, "user-B/task"), "user memory that a depth of 4 KiB adds, over the depth: lower bound"),
			atMost(10.5, value("StackGrow/impl=goroutine/mode=shrink/depth=1048576", "collections"), "collections until a stack that was 1 MiB deep is small again"),
			atMost(4100, value("StackGrow/impl=goroutine/mode=shrink/depth=1048576", "left-B/task"), "memory left of that stack then"),
		},
		why: "a stack is a power of two, so up to twice its depth; a collection may halve it, so 10 collections lead from 2 MiB to 2 KiB; 4 KiB is the least that the runtime's rule leads to (a stack shrinks when less than a quarter of it is in use; a parked goroutine and the 800 bytes that must stay free use more than a quarter of 4 KiB)",
		beside: []condition{
			atMost(2100, value("StackGrow/impl=goroutine/mode=shrink/depth=1048576", "left-B/task"), "memory left of that stack, held to the 2 KiB that a stack starts with"),
			atLeast(1, factor("StackGrow/impl=clone/mode=cold/depth=65536"), "time of a thread's page faults down to 64 KiB, over a goroutine's stack growth"),
			atLeast(1, factor("StackGrow/impl=clone/mode=cold/depth=1048576"), "time of a thread's page faults down to 1 MiB, over a goroutine's stack growth"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "all three depths count, each by the memory that it adds", "a single depth, goroutine included, said nothing about the others", "holds, 1.07× [1.07×, 1.08×]"},
			{"2026-11-22", "a depth is counted in the bytes that a frame takes", "goroutines were 6% deeper than intended", "holds, 1.07× [1.07×, 1.10×]"},
			{"2026-11-29", "a stack that no collection shrinks is a measured figure", "the evidence check rejected any row that would have shown the contrary", "holds, 1.01× [1.01×, 1.02×]"},
		},
	},
	{
		id: "count", says: "Thousands, even millions of goroutines are no problem; threads are",
		finds: "Each of 1,000,000 goroutines held at once takes %s as long as each of 1,000.",
		needs: []condition{
			atMost(2, quotient(scale(1_000_000), scale(1000), "ns/op"), "time per goroutine with 1,000,000 at once, over 1,000 at once"),
			atMost(2, quotient(scale(1_000_000), scale(1000), results.Memory), "memory per goroutine with 1,000,000 at once, over 1,000 at once"),
			atLeast(2, factor("Scale/impl=clone/n=10000"), "time per raw thread, over time per goroutine, 10,000 at once"),
		},
		small: &form{
			finds: "Each of 10,000 goroutines held at once takes %s as long as each of 1,000.",
			whole: "1,000,000 goroutines, and 10,000 raw threads",
			needs: []condition{
				atMost(2, quotient(scale(10_000), scale(1000), "ns/op"), "time per goroutine with 10,000 at once, over 1,000 at once"),
				atMost(2, quotient(scale(10_000), scale(1000), results.Memory), "memory per goroutine with 10,000 at once, over 1,000 at once"),
				atLeast(2, factor("Scale/impl=clone/n=1000"), "time per raw thread, over time per goroutine, 1,000 at once"),
			},
		},
		why: "no problem means that nothing new begins to cost as the number grows; any program whose memory outgrows a cache pays a factor of two, and beyond two the number itself has a price; threads are a problem if one costs twice as much as a goroutine; the rows say how many threads were made, and which limit stopped them",
		beside: []condition{
			atMost(2, quotient(scale(10_000), scale(1000), "ns/op"), "time per goroutine with 10,000 at once, over 1,000 at once"),
			atMost(2, quotient("Scale/impl=clone/n=10000", "Scale/impl=clone/n=1000", "ns/op"), "time per raw thread with 10,000 at once, over 1,000 at once"),
			atMost(2, quotient("Scale/impl=locked/n=10000", "Scale/impl=locked/n=1000", "ns/op"), "time per locked goroutine with 10,000 at once, over 1,000 at once"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "raw threads are a condition", "the statement's other half had no condition", "inconclusive, 1.64× [1.32×, 2.06×]"},
			{"2026-11-29", "the reason for the bound is reworded, the bound is the same", "the figure is so near the bound that the reason decides how to read it", "inconclusive, 1.94× [1.76×, 2.10×]"},
		},
	},
	{
		id: "mux", says: "Many goroutines run on a few threads",
		finds: "With each goroutine more, from 1,000 to 1,000,000, the process has %s threads more.",
		needs: []condition{
			atMost(0.001, slope("threads", scale(1000), scale(10_000), scale(100_000), scale(1_000_000)), "extra threads for each goroutine that runs in its turn, from 1,000 to 1,000,000"),
			atMost(10, beyondCPUs(scale(1_000_000), "threads"), "threads beyond the number of CPUs, with 1,000,000 goroutines that run in turn"),
		},
		small: &form{
			finds: "With each goroutine more, from 1,000 to 10,000, the process has %s threads more.",
			whole: "100,000 and 1,000,000 goroutines",
			needs: []condition{
				atMost(0.001, slope("threads", scale(1000), scale(10_000)), "extra threads for each goroutine that runs in its turn, from 1,000 to 10,000"),
				atMost(10, beyondCPUs(scale(10_000), "threads"), "threads beyond the number of CPUs, with 10,000 goroutines that run in turn"),
			},
		},
		why: "one thread for 1,000 goroutines would still be many on few; besides one thread for each CPU the runtime has its monitor, its poller's thread and some idle ones",
		beside: []condition{
			atMost(0.001, slope("threads", scale(1000), scale(10_000)), "extra threads for each goroutine that runs in its turn, from 1,000 to 10,000"),
			atMost(0.001, slope("threads", "Scale/impl=clone/n=1000", "Scale/impl=clone/n=10000"), "extra threads for each raw thread"),
		},
		stated: "2026-11-22",
	},
	{
		id: "start", says: "A program starts with several runtime threads and one goroutine for main",
		finds: "At the first line of main a program has %s threads.",
		needs: []condition{
			atLeast(3, value("Start/impl=goroutine/procs=2", "threads"), "threads at the first line of main, main's own included, GOMAXPROCS 2"),
			atMost(1.5, value("Start/impl=goroutine/procs=2", "user-goroutines"), "the program's goroutines at that line"),
		},
		why: "several means at least two besides main's own; main has the one goroutine, and the bound is above 1 since a test needs a distance between figure and bound",
		beside: []condition{
			atLeast(3, value("Start/impl=goroutine/procs=1", "threads"), "threads with GOMAXPROCS 1"),
			atLeast(3, value("Start/impl=goroutine/procs=8", "threads"), "threads with GOMAXPROCS 8"),
			atMost(1, value("Start/impl=goroutine/procs=2", "runtime-goroutines"), "the runtime's goroutines, GOMAXPROCS 2"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "several means three threads, not two", "one of two is main's own", "holds, 4.00 [4.00, 4.00]"},
		},
	},
	{
		id: "block-net", says: "A goroutine that is blocked on the network does not hold a thread, and the others run on",
		finds: "Beside 1,000 goroutines that wait for sockets, a goroutine works at %s of its speed alone.",
		needs: []condition{
			atLeast(0.95, value(block("goroutine", "net", 1000), "bystander-share"), "speed of a working goroutine beside 1,000 that wait for sockets, over its speed alone"),
			atMost(0.01, blockThreads("goroutine", "net", 1, 1000), "extra threads for each goroutine that waits"),
		},
		why: "waking one of them each millisecond may cost a twentieth; one thread for 100 of them would be many",
		beside: []condition{
			atLeast(0.95, value(block("locked", "net", 1000), "bystander-share"), "speed of a goroutine beside 1,000 locked goroutines that wait for sockets"),
			atLeast(0.95, value(block("clone", "net", 1000), "bystander-share"), "speed of a goroutine beside 1,000 raw threads that wait for sockets"),
			atMost(0.01, blockThreads("locked", "net", 1, 10, 100, 1000), "extra threads for each locked goroutine that waits"),
			atMost(0.01, blockThreads("clone", "net", 1, 10, 100, 1000), "extra threads for each raw thread that waits"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "the bystander's speed alone is measured once the kernel has cleaned up after the tasks", "right after the tasks it was a sixth slower alone", "inconclusive, 0.918 [0.899, 0.945]"},
			{"2026-11-22", "each phase begins once the poller's events are over and the runtime's monitor sleeps", "both came from creating the tasks, not from their waiting", "fails, 0.875 [0.863, 0.886]"},
			{"2026-11-29", "the number of threads is a measured figure for every kind of wait", "the evidence check rejected any row that would have shown the contrary", "holds, 0.989 [0.984, 0.998]"},
		},
	},
	{
		id: "block-sys", says: "A goroutine that is blocked in a system call or on disk does not hold up the others",
		finds: "Beside one that is blocked in read(2), a goroutine works at %s of its speed alone, on all CPUs.",
		needs: []condition{
			atLeast(0.9, value(blockAll("goroutine", "syscall", 1), "bystander-share"), "speed of a working goroutine beside one that is blocked in read(2), over its speed alone, on all CPUs"),
			atLeast(0.9, value(blockAll("goroutine", "syscall", 1000), "bystander-share"), "speed beside 1,000 that are blocked in read(2), over its speed alone, on all CPUs"),
			atLeast(0.9, quotient(blockAll("goroutine", "disk", 4), blockAll("clone", "disk", 4), "bystander-share"), "its speed beside 4 goroutines that write to disk, over its speed beside 4 raw threads that do, on all CPUs"),
		},
		small: &form{
			finds: "Beside one that is blocked in read(2), a goroutine works at %s of its speed alone, on all CPUs.",
			whole: "1,000 in read(2) at once, and tasks that write to disk",
			needs: []condition{
				atLeast(0.9, value(blockAll("goroutine", "syscall", 1), "bystander-share"), "speed of a working goroutine beside one that is blocked in read(2), over its speed alone, on all CPUs"),
				atLeast(0.9, value(blockAll("goroutine", "syscall", 100), "bystander-share"), "speed beside 100 that are blocked in read(2), over its speed alone, on all CPUs"),
			},
		},
		why: "handing the P on may cost a tenth; writing takes CPU time whoever does it, so goroutines that write are compared with raw threads that write; GOMAXPROCS has its default, since the statement is about programs as people run them",
		beside: []condition{
			atMost(0.01, blockThreads("goroutine", "syscall", 10, 100, 1000), "the price: extra threads for each goroutine that is blocked in a system call"),
			atLeast(0.9, value(block("goroutine", "syscall", 1), "bystander-share"), "speed beside one that is blocked in read(2), one P on one CPU"),
			atLeast(0.9, value(block("goroutine", "syscall", 1000), "bystander-share"), "speed beside 1,000 that are blocked in read(2), one P on one CPU"),
			atLeast(0.9, quotient(block("goroutine", "disk", 4), block("clone", "disk", 4), "bystander-share"), "speed beside 4 goroutines that write to disk, over its speed beside 4 raw threads that do, one P on one CPU"),
			atLeast(0.9, value("Block/impl=goroutine/wait=syscall/procs=2/n=1", "bystander-share"), "speed beside one that is blocked in read(2), with a second P on the same CPU"),
			atLeast(0.9, value("Block/impl=goroutine/wait=syscall/procs=2/n=1000", "bystander-share"), "speed beside 1,000 that are blocked in read(2), with a second P on the same CPU"),
			atLeast(0.9, value(block("goroutine", "disk", 4), "bystander-share"), "speed beside 4 goroutines that write to disk, over its speed alone"),
			atLeast(0.9, value(block("clone", "syscall", 1000), "bystander-share"), "speed beside 1,000 raw threads blocked in read(2), over its speed alone"),
			atLeast(0.9, value(block("locked", "syscall", 1000), "bystander-share"), "speed beside 1,000 locked goroutines blocked in read(2), over its speed alone"),
			atMost(0.01, blockThreads("locked", "syscall", 10, 100, 1000), "extra threads for each locked goroutine that is blocked in a system call"),
			atMost(0.01, blockThreads("clone", "syscall", 10, 100, 1000), "extra threads for each raw thread that is blocked in a system call"),
			atMost(0.01, blockThreads("goroutine", "disk", 1, 4, 16), "extra threads for each goroutine that waits to write to disk"),
			atMost(0.01, blockThreads("locked", "disk", 1, 4, 16), "extra threads for each locked goroutine that waits to write to disk"),
			atMost(0.01, blockThreads("clone", "disk", 1, 4, 16), "extra threads for each raw thread that waits to write to disk"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "phases are eight times as long", "a phase had either one stall of the runtime's monitor or none", "fails, 0.521 [0.483, 0.606]"},
			{"2026-11-29", "on all CPUs, beside one and beside 1,000; extra threads are the price and no condition", "the statement is about programs as people run them, and one P on one CPU is a case beside it", "inconclusive, 0.806 [0.683, 0.975]"},
		},
	},
	{
		id: "busy", says: "Cores stay busy while some tasks wait for I/O",
		finds: "While a download and writes waited, the CPUs worked %s as much as with nobody waiting.",
		needs: []condition{
			atLeast(0.95, busy("goroutine", "all"), "CPU time used while a download and writes waited, over the CPU time that the same CPUs gave with nothing waiting, on all CPUs"),
		},
		why: "handling the download and the writes may cost a twentieth; available is what the CPUs gave the same process without these waits, since a shared machine does not give all",
		beside: []condition{
			atLeast(0.95, busy("goroutine", "1"), "CPU time used over CPU time available, one P on one CPU"),
			atLeast(0.95, busy("goroutine", "2"), "CPU time used over CPU time available, two Ps on one CPU"),
			atLeast(0.95, busy("locked", "all"), "CPU time used over CPU time available, in locked goroutines, on all CPUs"),
			atMost(1.2, value("Mixed/impl=goroutine/mode=together/procs=1", "longest-x"), "time of all tasks together, over the longest task alone, one P on one CPU"),
			atLeast(1.2, factor("Mixed/impl=goroutine/mode=serial/procs=1"), "time of the tasks one after the other, over the same in goroutines, one P on one CPU"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "CPU time is compared with what the same CPUs gave with nothing waiting", "a shared machine gives less than its CPUs' whole time", "fails, 0.776 [0.730, 0.812]"},
			{"2026-11-28", "CPU time is read from the threads' clocks", "the kernel's account was up to a tick late", "inconclusive, 0.886× [0.814×, 0.960×]"},
		},
	},
	{
		id: "switch-faster", says: "Switching between goroutines is faster than between threads",
		finds: "A switch between raw threads through a futex takes %s as long as one between goroutines through a channel.",
		needs: []condition{
			atLeast(1, factor("Switch/impl=clone/via=futex/place=same"), "a switch between raw threads through a futex, over a switch between goroutines through a channel"),
		},
		why: "faster means by any amount; each side has its own best primitive, on one CPU",
		beside: []condition{
			atLeast(1, factor("Switch/impl=clone/via=pipe/place=same"), "a switch between raw threads over a switch between goroutines, both through the same pipe"),
			atLeast(1, factor("Switch/impl=locked/via=channel/place=same"), "a switch between locked goroutines over a switch between goroutines, through a channel"),
			atLeast(1, factor("Switch/impl=clone/via=yield/place=same"), "a switch between raw threads over a switch between goroutines, by yielding"),
			atLeast(1, quotient("Switch/impl=clone/mode=stamped/via=futex/place=same", "Switch/impl=goroutine/mode=stamped/via=channel/place=same", "p99-ns"), "the 99th percentile of a hand-off, raw threads through a futex over goroutines through a channel"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-28", "a raw thread's hand-off calls no function", "two calls made it about 30% too long", "holds, 15.0× [13.6×, 15.4×]"},
			{"2026-11-29", "the number of a goroutine's context switches is a measured figure", "the evidence check rejected any row that would have shown the contrary", "holds"},
		},
	},
	{
		id: "switch-nokernel", says: "A goroutine switch avoids system calls",
		finds: "A goroutine's switch through a channel makes %s system calls.",
		needs: []condition{
			atMost(0.01, value("Switch/impl=goroutine/mode=traced/via=channel/place=same", "syscalls/op"), "system calls of a goroutine's switch through a channel, one CPU"),
			atLeast(1, value("Switch/impl=clone/mode=traced/via=futex/place=same", "syscalls/op"), "system calls of a raw thread's switch through a futex"),
		},
		why: "one system call in a hundred switches is the runtime's own; a thread makes one at every switch",
		beside: []condition{
			atMost(0.01, value("Switch/impl=goroutine/mode=traced/via=channel/place=free", "syscalls/op"), "system calls of a goroutine's switch through a channel on all CPUs"),
			atMost(0.01, value("Switch/impl=goroutine/mode=traced/via=pipe/place=same", "syscalls/op"), "system calls of a goroutine's switch through a pipe"),
			atMost(0.01, value("Switch/impl=locked/mode=traced/via=channel/place=same", "syscalls/op"), "system calls of a locked goroutine's switch through a channel"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-29", "the number of system calls is a measured figure on both sides", "the evidence check rejected any row that would have shown the contrary", "holds, 0 [0, 0]"},
		},
	},
	{
		id: "netpoll", says: "The scheduler works with the network poller to unschedule a task that waits",
		finds: "Each connection that a goroutine waits for through the poller takes %s threads more.",
		needs: []condition{
			atMost(0.001, slope("threads", serve("goroutine", "poller", 10), serve("goroutine", "poller", 100), serve("goroutine", "poller", 1000)), "extra threads for each connection that a goroutine waits for through the poller"),
			atLeast(0.99, slope("threads", serve("clone", "blocking", 10), serve("clone", "blocking", 100), serve("clone", "blocking", 1000)), "extra threads for each connection that a raw thread waits for"),
		},
		small: &form{
			finds: "Each connection that a goroutine waits for through the poller, from 100 to 1,000, takes %s threads more.",
			whole: "10 connections, and the cases beside the verdict",
			needs: []condition{
				atMost(0.001, slope("threads", serve("goroutine", "poller", 100), serve("goroutine", "poller", 1000)), "extra threads for each connection that a goroutine waits for through the poller, from 100 to 1,000"),
				atLeast(0.99, slope("threads", serve("clone", "blocking", 100), serve("clone", "blocking", 1000)), "extra threads for each connection that a raw thread waits for, from 100 to 1,000"),
			},
		},
		why: "a task that waits without a thread costs none; a raw thread costs itself",
		beside: []condition{
			atMost(20, value(serve("goroutine", "poller", 10_000), "threads"), "threads with 10,000 connections"),
			atLeast(1, factor(serve("clone", "blocking", 1000)), "the server's CPU time for a request on one of 1,000 connections, raw threads over goroutines"),
			atLeast(1, quotient(serve("clone", "blocking", 1000), serve("goroutine", "poller", 1000), "both-cpu-ns/op"), "the same for server and client together, since the client does the waking"),
			atLeast(1, quotient(serve("clone", "blocking", 1000), serve("goroutine", "poller", 1000), "p99-ns"), "the 99th percentile of an open loop on 1,000 connections, raw threads over goroutines"),
			atLeast(1, quotient(serve("clone", "blocking", 10), serve("goroutine", "poller", 10), "p99-ns"), "the 99th percentile of an open loop on 10 connections, raw threads over goroutines"),
			atLeast(1, quotient(serve("goroutine", "poller", 1000), serve("clone", "blocking", 1000), "req/s"), "requests a second of a closed loop on 1,000 connections, goroutines over raw threads, where the client was not the limit"),
			atLeast(1, factor(serve("goroutine", "blocking", 1000)), "CPU time of a request on one of 1,000 connections, goroutines that block in read(2) over goroutines that wait through the poller"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-29", "the number of threads is a measured figure on both sides", "the evidence check rejected any row that would have shown the contrary", "holds, 0 [0, <0.001]"},
		},
	},
	{
		id: "gc", says: "The scheduler is integrated with the garbage collector: many goroutines don't make the world stop for longer",
		finds: "With 100,000 parked goroutines the world stops for %s as long as with 1,000.",
		needs: []condition{
			atMost(2, quotient("GC/impl=goroutine/n=100000/depth=0", "GC/impl=goroutine/n=1000/depth=0", "stw-ns"), "stop-the-world time, stopping included, with 100,000 parked goroutines, over 1,000"),
			atMost(2, stood("GC/impl=goroutine/n=100000/depth=0", "GC/impl=goroutine/n=1000/depth=0"), "stop-the-world time, stopping excluded, with 100,000 parked goroutines, over 1,000"),
			atMost(2, stood("GC/impl=goroutine/n=100000/depth=0", "GC/impl=floor/n=100000/depth=0"), "stop-the-world time, stopping excluded, with 100,000 parked goroutines, over a process without tasks"),
		},
		reads: "within twice: %s as long",
		small: &form{
			finds: "With 10,000 parked goroutines the world stops for %s as long as with 1,000.",
			whole: "100,000 goroutines",
			needs: []condition{
				atMost(2, quotient("GC/impl=goroutine/n=10000/depth=0", "GC/impl=goroutine/n=1000/depth=0", "stw-ns"), "stop-the-world time, stopping included, with 10,000 parked goroutines, over 1,000"),
				atMost(2, stood("GC/impl=goroutine/n=10000/depth=0", "GC/impl=goroutine/n=1000/depth=0"), "stop-the-world time, stopping excluded, with 10,000 parked goroutines, over 1,000"),
				atMost(2, stood("GC/impl=goroutine/n=10000/depth=0", "GC/impl=floor/n=10000/depth=0"), "stop-the-world time, stopping excluded, with 10,000 parked goroutines, over a process without tasks"),
			},
		},
		why: "a part that grew with the number of goroutines would grow a hundredfold, and twice is far from that; the time with the stopping excluded has a lower and an upper limit, since the runtime reports the stopping in buckets up to a quarter wide, and only a ratio whose upper limit is below 2 holds; the stopping takes 100 us and more in a process without tasks, which would hide a part that grows, so both the whole stop and the rest are held to 2",
		beside: []condition{
			atMost(2, quotient("GC/impl=goroutine/n=5000/depth=0", "GC/impl=locked/n=5000/depth=0", "stw-ns"), "stop-the-world time, stopping included, with 5,000 goroutines, over 5,000 locked ones"),
			atMost(2, quotient("GC/impl=goroutine/n=100000/depth=0", "GC/impl=floor/n=100000/depth=0", "mark-ns"), "CPU time of marking with 100,000 goroutines, over a process without tasks"),
			atMost(2, quotient("GC/impl=goroutine/n=5000/depth=65536", "GC/impl=floor/n=5000/depth=65536", "mark-ns"), "CPU time of marking with 5,000 goroutines 64 KiB deep, over a process without tasks"),
			atMost(2, quotient("GC/impl=goroutine/n=100000/depth=65536", "GC/impl=floor/n=100000/depth=65536", "mark-ns"), "CPU time of marking with 100,000 goroutines 64 KiB deep, over a process without tasks"),
			atMost(2, stood("GC/impl=goroutine/n=100000/depth=65536", "GC/impl=floor/n=100000/depth=65536"), "stop-the-world time, stopping excluded, with 100,000 goroutines 64 KiB deep, over a process without tasks"),
			atMost(2, quotient("GC/impl=goroutine/n=5000/depth=0", "GC/impl=locked/n=5000/depth=0", "mark-ns"), "CPU time of marking with 5,000 goroutines, over 5,000 locked ones"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "the stop-the-world time without the stopping is a condition, too", "the stopping, most of the stop, would hide a part that grows", "holds, 1.21× [1.02×, 1.46×]"},
			{"2026-11-28", "the stop-the-world time without the stopping has a lower and an upper limit", "the runtime reports the stopping in buckets up to a quarter wide", "holds, 1.36× [1.15×, 1.62×]"},
		},
	},
	{
		id: "balance", says: "Work is balanced over all the threads of the process",
		finds: "A list of uneven work, a goroutine for each item, takes %s times as long as if no CPU ever waited.",
		needs: []condition{
			atMost(1.1, value("Balance/impl=goroutine/mode=item", "makespan-x"), "time of a heavy-tailed list of work, a goroutine for each item, over the ideal"),
		},
		why: "balanced means that no CPU waits while there is work: the CPUs work for at least nine tenths of the time, from the first item to the last; creating the goroutines is timed, since the statement offers them as the means",
		beside: []condition{
			atMost(1.1, value("Balance/impl=goroutine/mode=shared", "makespan-x"), "time of the list, over the ideal, by one goroutine for each CPU, sharing an index"),
			atMost(1.1, value("Balance/impl=clone/mode=shared", "makespan-x"), "time of the list, over the ideal, by raw threads, sharing an index"),
			atMost(1.1, value("Balance/impl=goroutine/mode=queue", "makespan-x"), "time of the list, over the ideal, by goroutines that receive from one channel"),
			atMost(1.1, value("Balance/impl=locked/mode=queue", "makespan-x"), "time of the list, over the ideal, by locked goroutines that receive from one channel"),
			atMost(1.1, value("Balance/impl=locked/mode=fixed", "makespan-x"), "time of the list, over the ideal, by locked goroutines with a fixed share each"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-29", "the reason for the bound is reworded, the bound is the same", "the figure is so near the bound that the reason decides how to read it", "inconclusive, 1.10 [1.09, 1.13]"},
		},
	},
	{
		id: "closure", says: "Wrapping logic in a goroutine with channels keeps it unaware of concurrency, cheaply",
		finds: "Handing an item to a goroutine and on costs less than 5%% of the work where an item's work takes more than %s.",
		needs: []condition{
			atMost(50_000, value("Pipeline/impl=goroutine/mode=crossover/via=channel/stages=1", "crossover-ns"), "the work per item above which handing the item to a goroutine and on costs less than 5%"),
			atMost(0.5, quotient("Pipeline/impl=goroutine/mode=crossover/via=channel/stages=1", "Pipeline/impl=locked/mode=crossover/via=channel/stages=1", "crossover-ns"), "the work per item above which handing it to a goroutine costs less than 5%, over the same for a locked goroutine"),
		},
		small: &form{
			finds: "Handing an item to a goroutine and on costs less than 5%% of the work where an item's work takes more than %s.",
			whole: "a locked goroutine's work per item, which takes 4 s to find",
			needs: []condition{
				atMost(50_000, value("Pipeline/impl=goroutine/mode=crossover/via=channel/stages=1", "crossover-ns"), "the work per item above which handing the item to a goroutine and on costs less than 5%"),
				atLeast(2, factor("Pipeline/impl=locked/mode=unbuffered/via=channel/stages=1"), "time of an item with little work through a locked goroutine, over the same through a goroutine"),
			},
		},
		why: "50 us is a small request's work (Serve's requests take 10 to 70 us of CPU time): above it the wrapping is cheap; half a locked goroutine's is a greater difference than placement or layout makes",
		beside: []condition{
			atMost(50_000, value("Pipeline/impl=clone/mode=crossover/via=ring/stages=1", "crossover-ns"), "the work above which handing an item to a raw thread through a ring costs less than 5%"),
			atMost(2, factor("Pipeline/impl=clone/mode=buffered/via=ring/stages=1"), "time of an item through buffers, raw threads over goroutines"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "the work is computed from a last measurement near it", "its evidence counted all the work on the way there", "holds, 7.67 µs [6.69 µs, 8.60 µs]"},
			{"2026-11-29", "the number of a goroutine's context switches is a measured figure", "the evidence check rejected any row that would have shown the contrary", "holds, 9.08 µs [8.06 µs, 13.8 µs]"},
		},
	},
	{
		id: "wake", says: "Goroutines always wake sooner than threads (not in the texts; commonly believed)",
		finds: "On an idle machine, a raw thread's 99th percentile of the time to wake is %s a goroutine's.",
		needs: []condition{
			atLeast(1, factor("Wakeup/impl=clone/via=pipe/load=idle"), "99th percentile of the time to wake a raw thread by a byte in a pipe, over a goroutine's, on an idle machine"),
			atLeast(1, factor("Wakeup/impl=clone/via=pipe/load=hogs"), "99th percentile of the time to wake a raw thread by a byte in a pipe, over a goroutine's, with a hog of its own kind on every CPU"),
			atLeast(1, factor("Wakeup/impl=clone/via=pipe/load=outside"), "99th percentile of the time to wake a raw thread by a byte in a pipe, over a goroutine's, with another process's hogs on every CPU"),
		},
		small: &form{
			finds: "Beside busy CPUs, a raw thread's 99th percentile of the time to wake is %s a goroutine's.",
			whole: "an idle machine, and hogs of another process",
			needs: []condition{
				atLeast(1, factor("Wakeup/impl=clone/via=pipe/load=hogs"), "99th percentile of the time to wake a raw thread by a byte in a pipe, over a goroutine's, with a hog of its own kind on every CPU"),
			},
		},
		why: "sooner means by any amount, and always means in each of the three cases; the time counts from the writer's stamp, since a delay of the writer delays both",
		beside: []condition{
			atLeast(1, factor("Wakeup/impl=clone/mode=slack/via=timer/load=idle"), "clock_nanosleep of a raw thread with the kernel's timer slack, over a Go timer"),
			atLeast(1, factor("Wakeup/impl=clone/mode=noslack/via=timer/load=idle"), "clock_nanosleep of a raw thread without timer slack, over a Go timer"),
			atLeast(1, factor("Wakeup/impl=locked/via=pipe/load=idle"), "a locked goroutine woken by a byte, over a goroutine, on an idle machine"),
			atLeast(1, factor("Wakeup/impl=locked/via=pipe/load=hogs"), "a locked goroutine woken by a byte, over a goroutine, with a hog on every CPU"),
		},
		stated: "2026-11-22",
		changes: []Change{
			{"2026-11-22", "a wake-up is timed from the writer's stamp on", "a delay of the writer delays both, and drew the factor towards 1", "fails, 0.0735× [0.0440×, 0.112×]"},
		},
	},
}

// busy is the CPU time that the family Mixed used while tasks waited, over its CPU
// time with none waiting.
func busy(impl, procs string) measure {
	return share("Mixed/impl="+impl+"/mode=together/procs="+procs, "busy-share", "alone-share")
}

// block is a row of the family Block, one P on one CPU.
func block(impl, wait string, n int) string {
	return fmt.Sprintf("Block/impl=%s/wait=%s/n=%d", impl, wait, n)
}

// blockAll is a row of the family Block on all CPUs, with as many Ps.
func blockAll(impl, wait string, n int) string {
	return fmt.Sprintf("Block/impl=%s/wait=%s/procs=all/n=%d", impl, wait, n)
}

// blockThreads is the number of extra threads for each task that waits in the
// family Block: the slope over the rows' numbers of tasks.
func blockThreads(impl, wait string, ns ...int) measure {
	var rows []string
	for _, n := range ns {
		rows = append(rows, block(impl, wait, n))
	}
	return slope("threads", rows...)
}

// stood is how long the world was stopped, the stopping excluded, in one row over
// another. It has limits.
func stood(row, over string) measure {
	return bounded(row, over, "stood-least-ns", "stood-most-ns")
}

// scale is the row of n goroutines of the family Scale.
func scale(n int) string { return fmt.Sprintf("Scale/impl=goroutine/n=%d", n) }

// serve is the row of n connections of the family Serve.
func serve(impl, mode string, n int) string {
	return fmt.Sprintf("Serve/impl=%s/mode=%s/n=%d", impl, mode, n)
}
