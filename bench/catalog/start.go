package catalog

// Start counts the threads and goroutines of a program that has done nothing.
var Start = Family{
	Name:    "Start",
	Op:      "one fresh process, at the first line of its main",
	Primary: []string{"threads"},
	Beside:  []string{"user-goroutines", "runtime-goroutines"},
	Read: "How many threads and goroutines a program has before it has done anything: threads by the kernel's count, " +
		"the program's goroutines and the runtime's own apart.",
}
