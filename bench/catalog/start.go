package catalog

// Start counts the threads and goroutines of a program that has done nothing.
var Start = Family{
	Name:    "Start",
	Op:      "one fresh process, at the first line of its main",
	Primary: []string{"threads"},
	Beside:  []string{"user-goroutines", "runtime-goroutines"},
	Read: "The threads and goroutines of a program that has done nothing yet. threads is the kernel's count. " +
		"The program's goroutines and the runtime's own are counted apart.",
}
