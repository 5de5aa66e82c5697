package catalog

// StackGrow measures a task's first way down a deep stack.
var StackGrow = Family{
	Name:    "StackGrow",
	Op:      "one fresh task's first way down its stack to the depth",
	ModeOps: map[string]string{"shrink": "one garbage collection that finds stacks deeper than needed"},
	Primary: []string{"ns/op"},
	Beside:  []string{"collections", "left-B/task", "faults/op", "moved/op", "p50-ns", "p99-ns", "stamp-ns"},
	Read: "The cost of a deep stack, the first time. A goroutine's stack is copied into larger ones; a thread's is found by page faults. " +
		"cold: the final stack is fresh memory, page faults included. The smaller stacks are recycled; a locked goroutine finds fewer of them, since its thread takes two. " +
		"reused: the stack is what the last goroutine left. default: the same after a collection that saw deeper stacks. shrink counts the collections until stacks that were deep get no smaller. " +
		"The floor goes down a stack that has grown already. " +
		"It favours the thread at small depths: a thread touches a byte a page, and a goroutine makes a call for every half KiB. It also favours the thread in that its stack was mapped beforehand.",
	Wordings: []Wording{
		{Impl: "floor",
			Says: "Going down a stack that has grown already{depth} takes {x} as long as the first time",
			Same: "Going down a stack that has grown already{depth} and the first time: no difference seen, {x} as long",
			Less: "faster"},
		{
			Says: "The first way down its stack{depth} takes {one} {x} as long as {ref one}",
			Same: "The first way down their stacks{depth}, {one} and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
	},
}
