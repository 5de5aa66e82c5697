package catalog

// Pipeline measures functions in tasks of their own, in a row.
var Pipeline = Family{
	Name:    "Pipeline",
	Op:      "one item through a pipeline, from its source to its sink",
	ModeOps: map[string]string{"crossover": "one item through a pipeline, with so much work that the hand-offs cost 5% of it"},
	Primary: []string{"ns/op"},
	Beside:  []string{"crossover-ns", "kernel-switches/op"},
	Read: "A function in a task of its own, with items coming in and going out, all on one CPU. The floor calls the function directly. " +
		"unbuffered has a switch at every hand-off, buffered room for 64 items between two tasks. " +
		"crossover-ns is the work of an item above which the hand-offs cost less than 5% of it. " +
		"It favours the goroutine in that one CPU does it all: a channel then never wakes another CPU.",
	Wordings: []Wording{
		{Impl: "floor",
			Says: "Calling {stages} directly takes {x} as long as items through {ref stages} of {ref many}",
			Same: "Calling {stages} directly and items through {ref stages} of {ref many}: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "unbuffered",
			Says: "An item through {stages} of {many}{via} takes {x} as long as through {ref many}{ref via}, unbuffered",
			Same: "An item through {stages} of {many}{via} and through {ref many}{ref via}, unbuffered: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "buffered",
			Says: "An item through {stages} of {many}{via} takes {x} as long as through {ref many}{ref via}, with buffers",
			Same: "An item through {stages} of {many}{via} and through {ref many}{ref via}, with buffers: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "crossover",
			Says: "Handing an item on to {one}{via} costs 5% of work that is {x} as long as with {ref one}{ref via}",
			Same: "Handing an item on to {one}{via} and to {ref one}{ref via} costs 5% of the same work: no difference seen, {x} as long",
			Less: "less"},
	},
}
