package catalog

// Scale measures the cost of a task when there are many.
var Scale = Family{
	Name:    "Scale",
	Op:      "one of n tasks created, held at once, released and joined",
	Primary: []string{"ns/op"},
	Beside:  []string{"threads", "cold-ns", "user-B/task", "kernel-B/task", "gc-cycles", "tasks"},
	Read: "What a task costs when there are n. ns/op is the time with what older tasks left, cold-ns with nothing to reuse. Memory is measured while all are held. threads is the most that the process had while each task did a little work in turn. " +
		"From n=1000 on a thread's ns/op is its cold time, and a goroutine's is not: to compare cold with cold, use cold-ns. A row that a limit cut says in tasks how many there were. " +
		"It favours the thread in that nobody else needs one meanwhile, and the goroutine in that it does nothing while it is held.",
	Wordings: []Wording{
		{
			Says: "Creating, holding and joining {one}, {n} at once, takes {x} as long as {ref one}",
			Same: "Creating, holding and joining {one}, {n} at once, and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
	},
	Picture: &Picture{
		Title: "What a task costs when there are n",
		Short: "By number",
		About: "n tasks are created, all held at once, released and joined. Both axes are logarithmic: a flat line is a price that doesn't rise with the number. " +
			"A bar across a line's end marks the limit that stopped it, which is named beside the line.",
	},
}
