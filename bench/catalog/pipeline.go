package catalog

// Pipeline is the family of that name.
var Pipeline = Family{
	Name:    "Pipeline",
	Laps:    []string{"unbuffered", "buffered"},
	Op:      "one item through a pipeline, from its source to its sink",
	ModeOps: map[string]string{"crossover": "one item through a pipeline, with as much work that the hand-offs cost 5% of it"},
	Primary: []string{"ns/op"},
	Read: "A function in a task of its own, items coming in and going out, all on one CPU; the floor calls it directly. " +
		"unbuffered has a switch at every hand-off, buffered room for 64 items between two tasks. " +
		"crossover-ns is the work of an item above which the hand-offs cost less than 5% of it. " +
		"It favours the goroutine in that one CPU does it all, where a channel never wakes another CPU.",
}
