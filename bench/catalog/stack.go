package catalog

// Stack measures the memory of a parked task.
var Stack = Family{
	Name:    "Stack",
	Op:      "one task, parked",
	Primary: []string{"user-B/task", "kernel-B/task"},
	Beside:  []string{"user-B/task", "kernel-B/task", "reserved-B/task", "residue-B/task"},
	Read: "What one more parked task takes: resident user memory, kernel memory, and address space, each the slope over n tasks held at once. " +
		"The factor compares user and kernel memory together. residue is what is still held after the tasks have ended. " +
		"It favours the raw thread with the least stack, which has no room for a handler or for code that anyone would write.",
	Wordings: []Wording{
		{Impl: "floor",
			Says: "The floor of a parked task{depth} holds {x} as much memory, user and kernel, as {ref one}",
			Same: "The floor of a parked task{depth} and {ref one}: no difference seen in memory, {x} as much",
			Less: "less"},
		{
			Says: "Parked{depth}, {one}{stack} holds {x} as much memory, user and kernel, as {ref one}",
			Same: "Parked{depth}, {one}{stack} and {ref one}: no difference seen in memory, {x} as much",
			Less: "less"},
	},
	Answer: &Answer{
		Does: "keep one, parked", More: "as much", Less: "less",
		Rows: []string{"Stack/impl=locked/depth=0", "Stack/impl=clone/stack=least/depth=0", "Stack/impl=pthread/stack=default/depth=0"},
	},
	Picture: &Picture{
		Title: "What a parked task holds, by the depth of its stack",
		Short: "Memory",
		About: "Full is resident user memory, the runtime's own share of a task included. Tinted is kernel memory. The dashed outline is the address space reserved, cut with an arrow where it goes beyond the axis. " +
			"Each picture has its own linear axis. The interval is that of user and kernel memory together.",
	},
}
