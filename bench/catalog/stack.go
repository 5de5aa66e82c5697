package catalog

// Stack is the family of that name.
var Stack = Family{
	Name:    "Stack",
	Op:      "one task, parked",
	Primary: []string{"user-B/task", "kernel-B/task"},
	Read: "What one more parked task takes: resident user memory, kernel memory, and address space, each the slope over n tasks held at once. " +
		"The factor compares user and kernel memory together. residue is what stays after the tasks have ended. " +
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
}
