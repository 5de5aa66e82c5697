package catalog

// Start is the family of that name.
var Start = Family{
	Name:    "Start",
	Op:      "one fresh process, at the first line of its main",
	Primary: []string{"threads"},
	Beside:  []string{"user-goroutines", "runtime-goroutines"},
	Read: "How many threads and goroutines a program has before it has done anything: threads by the kernel's count, " +
		"the program's goroutines and the runtime's own apart.",
}
