package catalog

// Balance is the family of that name.
var Balance = Family{
	Name:    "Balance",
	Op:      "one item of a heavy-tailed list of work, spread over all CPUs",
	Primary: []string{"ns/op"},
	Read: "A list of uneven work on all CPUs. makespan-x is its time over the ideal, 1 if no CPU ever waited; busiest-x the busiest worker's work over the mean. " +
		"item makes a goroutine for each item, queue has workers that receive them, shared workers that take the next by an index, and fixed gives each worker as many items. " +
		"It favours the goroutine in that its items hold no thread and never wait; thousands of items are kind to a fixed share.",
}
