package claims

// statements is the ledger, in the order in which texts on goroutines have
// them. Of each: the statement, what must hold for it, why the bound is where
// it is, and what stands beside it.
var statements = []statement{
	{
		id: "create-alloc", says: "Starting a goroutine costs little more than allocating its stack",
		needs: []condition{
			atMost(1.5, goroutineOver("Create/impl=floor/mode=nojoin"), "starting a goroutine, over allocating and touching as much"),
		},
		why: "half as much again is little; the floor allocates a stack and a g and nothing else",
		beside: []condition{
			atMost(1.5, goroutineOver("Create/impl=floor/mode=reused"), "a goroutine made from what the last one left, over a function call"),
		},
	},
	{
		id: "create-faster", says: "A goroutine is created faster than a thread, because no operating-system resource is made",
		needs: []condition{
			atLeast(2, factor("Create/impl=clone/mode=cold"), "making, running and joining a raw thread, over a goroutine"),
			atMost(0.02, value("Create/impl=goroutine/mode=cold", "threads/op"), "threads made for a goroutine"),
			atLeast(0.98, value("Create/impl=clone/mode=cold", "threads/op"), "threads made for a raw thread"),
		},
		why: "twice as fast is more than any placement or layout makes",
		beside: []condition{
			atLeast(2, factor("Create/impl=locked/mode=reused"), "a locked goroutine that gives its thread back, over a goroutine: no resource is made for either"),
			atLeast(2, factor("Create/impl=locked/mode=cold"), "a locked goroutine whose thread is new, over a goroutine"),
			atLeast(2, factor("Create/impl=clone/mode=reused"), "a raw thread on a stack that is there, over a goroutine made from what the last one left"),
		},
	},
	{
		id: "stack-small", says: "A goroutine starts with a smaller stack than a thread",
		needs: []condition{
			atLeast(1, factor("Stack/impl=clone/stack=least/depth=0"), "user and kernel memory of a parked raw thread on the least stack, over a goroutine's"),
		},
		why: "smaller is smaller; the raw thread on the least stack is the one that comes nearest",
		beside: []condition{
			atLeast(1, quotient("Stack/impl=clone/stack=least/depth=0", "Stack/impl=goroutine/depth=0", "user-B/task"), "user memory alone, least stack"),
			atLeast(1, factor("Stack/impl=clone/stack=default/depth=0"), "user and kernel memory of a raw thread on the default stack, over a goroutine's"),
			atLeast(1, quotient("Stack/impl=clone/stack=default/depth=0", "Stack/impl=goroutine/depth=0", "reserved-B/task"), "address space of a raw thread on the default stack, over a goroutine's"),
			atLeast(1, factor("Stack/impl=clone/stack=least/depth=1048576"), "user and kernel memory at a depth of 1 MiB, over a goroutine's"),
		},
	},
	{
		id: "stack-grow", says: "A goroutine's stack grows as needed, and is freed again",
		needs: []condition{
			atMost(2, perDepth("Stack/impl=goroutine/depth=1048576", "user-B/task"), "user memory of a parked goroutine at a depth of 1 MiB, over the depth"),
			atLeast(0.5, perDepth("Stack/impl=goroutine/depth=1048576", "user-B/task"), "the same, the other way"),
			atMost(10.5, value("StackGrow/impl=goroutine/mode=shrink/depth=1048576", "collections"), "collections until a stack that was 1 MiB deep is small again"),
			atMost(4100, value("StackGrow/impl=goroutine/mode=shrink/depth=1048576", "left-B/task"), "what is left of it then"),
		},
		why: "a stack is a power of two, so up to twice its depth; a collection may halve it: 10 from 2 MiB to 2 KiB",
		beside: []condition{
			atMost(2, perDepth("Stack/impl=goroutine/depth=4096", "user-B/task"), "user memory at a depth of 4 KiB, over the depth"),
			atMost(2, perDepth("Stack/impl=goroutine/depth=65536", "user-B/task"), "user memory at a depth of 64 KiB, over the depth"),
			atLeast(1, factor("StackGrow/impl=clone/mode=cold/depth=65536"), "time of a thread's page faults down to 64 KiB, over a goroutine's growing"),
			atLeast(1, factor("StackGrow/impl=clone/mode=cold/depth=1048576"), "time of a thread's page faults down to 1 MiB, over a goroutine's growing"),
		},
	},
	{
		id: "switch-faster", says: "Switching between goroutines is faster than between threads",
		needs: []condition{
			atLeast(1, factor("Switch/impl=clone/via=futex/place=same"), "a switch between raw threads through a futex, over one between goroutines through a channel"),
		},
		why: "faster is faster; each side has the primitive that it is good at, on one CPU",
		beside: []condition{
			atLeast(1, factor("Switch/impl=clone/via=pipe/place=same"), "raw threads over goroutines, both through the same pipe"),
			atLeast(1, factor("Switch/impl=locked/via=channel/place=same"), "locked goroutines over goroutines, through a channel"),
			atLeast(1, factor("Switch/impl=clone/via=yield/place=same"), "raw threads over goroutines, by yielding"),
			atLeast(1, quotient("Switch/impl=clone/mode=stamped/via=futex/place=same", "Switch/impl=goroutine/mode=stamped/via=channel/place=same", "p99-ns"), "the 99th percentile of a hand-off, raw threads through a futex over goroutines through a channel"),
		},
	},
}
