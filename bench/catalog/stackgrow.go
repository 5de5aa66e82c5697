package catalog

// StackGrow measures a task's first way down a deep stack.
var StackGrow = Family{
	Name:    "StackGrow",
	Op:      "one fresh task's first way down its stack to the depth",
	ModeOps: map[string]string{"shrink": "one collection that finds stacks deeper than they need"},
	Primary: []string{"ns/op"},
	Beside:  []string{"collections", "left-B/task", "faults/op", "moved/op", "p50-ns", "p99-ns", "stamp-ns"},
	Read: "What it takes to come by a deep stack for the first time: a goroutine's is copied into larger ones, a thread's is found by page faults. " +
		"cold has its last stack from memory never used (those that it outgrows are the last one's, but for a locked one's, whose thread takes two), reused from what the last goroutine left, default the same after a collection that saw deeper ones; shrink counts the collections until stacks that were deep get no smaller. " +
		"The floor goes down a stack that has grown already. " +
		"It favours the thread at small depths, where it touches a byte a page and the goroutine makes a call for every half KiB, and in that its stack was mapped beforehand.",
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
