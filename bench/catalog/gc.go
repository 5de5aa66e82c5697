package catalog

// GC is the family of that name.
var GC = Family{
	Name:    "GC",
	Op:      "one forced collection while n tasks are parked",
	Primary: []string{"stw-ns"},
	Read: "What a collection costs a program that holds n parked tasks: stw is how long a cycle takes to stop the world and hold it, stood-least and stood-most between what bounds it is held once all have stopped, held the longest wait of a goroutine at work, " +
		"mark the CPU that marking takes, cpu that of the process by the kernel's count, cycle how long it all takes. " +
		"The floor is a process without tasks, measured beside. " +
		"It favours the threads in that their stacks need not be looked at.",
}
