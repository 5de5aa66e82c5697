package catalog

// GC measures garbage collections while tasks are parked.
var GC = Family{
	Name:    "GC",
	Op:      "one forced garbage collection while n tasks are parked",
	Primary: []string{"stw-ns"},
	Beside:  []string{"stood-least-ns", "stood-most-ns", "mark-ns", "cpu-ns", "cycle-ns", "held-ns", "tasks"},
	Read: "What a garbage collection costs a program that holds n parked tasks. stw is how long a cycle takes to stop the world and hold it. stood-least and stood-most are bounds of how long the world stands once all have stopped. held is the longest wait of a goroutine at work. " +
		"mark is the time of marking by the runtime's account, cpu the CPU time of the process by the kernel's. The runtime's account goes by the clock, so mark exceeds cpu where the kernel gives a CPU to others meanwhile. cycle is the wall time of the whole cycle. " +
		"The floor is a process without tasks. " +
		"It favours the threads in that the collector need not look at their stacks.",
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
