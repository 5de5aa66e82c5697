package catalog

// Balance spreads a list of uneven work over all CPUs.
var Balance = Family{
	Name:    "Balance",
	Op:      "one item of a heavy-tailed list of work, spread over all CPUs",
	Primary: []string{"ns/op"},
	Beside:  []string{"makespan-x", "busiest-x", "crossed/op", "kernel-switches/op"},
	Read: "A list of uneven work on all CPUs. makespan-x is its time over the ideal: 1 if no CPU ever waited. busiest-x is the busiest worker's work over the mean. " +
		"mode=item makes a goroutine for each item. mode=queue has workers that receive items from a channel, mode=shared workers that take the next item by an index. mode=fixed gives each worker the same number of items. " +
		"It favours the goroutine in that its items hold no thread and never wait. Thousands of items are kind to a fixed share.",
	Wordings: []Wording{
		{Mode: "queue",
			Says: "Doing a list of uneven work on all CPUs by {many} that receive from one channel takes {x} as long as by {ref many}",
			Same: "Doing a list of uneven work on all CPUs by {many} and by {ref many} that receive from one channel: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "shared",
			Says: "Doing a list of uneven work on all CPUs by {many} that share an index takes {x} as long as by {ref many}",
			Same: "Doing a list of uneven work on all CPUs by {many} and by {ref many} that share an index: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "fixed",
			Says: "Doing a list of uneven work on all CPUs by {many} with a fixed share each takes {x} as long as by {ref many}",
			Same: "Doing a list of uneven work on all CPUs by {many} and by {ref many} with a fixed share each: no difference seen, {x} as long",
			Less: "faster"},
	},
}
