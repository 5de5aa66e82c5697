package catalog

// GC is the family of that name.
var GC = Family{
	Name:    "GC",
	Op:      "one forced collection while n tasks are parked",
	Primary: []string{"stw-ns"},
	Beside:  []string{"stood-least-ns", "stood-most-ns", "mark-ns", "cpu-ns", "cycle-ns", "held-ns", "tasks"},
	Read: "What a collection costs a program that holds n parked tasks: stw is how long a cycle takes to stop the world and hold it, stood-least and stood-most between what bounds it is held once all have stopped, held the longest wait of a goroutine at work, " +
		"mark the time that marking takes by the runtime's account, cpu the CPU time of the process by the kernel's, cycle how long it all takes. " +
		"The runtime's account goes by the clock: mark is more than cpu where the kernel gives a CPU to others meanwhile. " +
		"The floor is a process without tasks, measured beside. " +
		"It favours the threads in that their stacks need not be looked at.",
	Wordings: []Wording{
		{Impl: "floor",
			Says: "A collection in a process without tasks stops the world {x} as long as with {ref many} parked",
			Same: "A collection in a process without tasks and with {ref many} parked: no difference seen, the world is stopped {x} as long",
			Less: "shorter"},
		{
			Says: "A collection with {n} {many} parked{depth} stops the world {x} as long as with {ref many}",
			Same: "A collection with {n} {many} parked{depth}, and with {ref many}: no difference seen, the world is stopped {x} as long",
			Less: "shorter"},
	},
}
