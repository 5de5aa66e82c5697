package catalog

// Delegate is the family of that name.
var Delegate = Family{
	Name:    "Delegate",
	Op:      "one call answered",
	ModeOps: map[string]string{"crossover": "one call answered, with as much work that delegating it costs 5% of it"},
	Primary: []string{"ns/op"},
	Beside:  []string{"crossover-ns", "kernel-switches/op", "threads/op"},
	Read: "A goroutine has a function called and waits for the answer. " +
		"In mode=direct the goroutine calls the function itself. " +
		"A locked thread of mode=direct is a goroutine that calls LockOSThread before each call and UnlockOSThread after it. " +
		"In mode=delegated the goroutine sends the function over a channel to one server, which calls it and answers over another channel. " +
		"The server of a locked thread stays locked, as for a GUI, a graphics library's context or ptrace. " +
		"Each call is then a kernel switch to the server's thread and one back. " +
		"On all CPUs each of the two switches wakes an idle CPU, which may take several times as long. " +
		"mode=pool has as many locked servers as there are CPUs. " +
		"work is how long the function works, n how many goroutines call at once. " +
		"crossover-ns is the work of a call above which delegating costs less than 5% of it, on one CPU. " +
		"The floor delegates to a coroutine, to which the runtime switches without its scheduler. " +
		"The family favours delegating: a call takes and answers no data, and with n=1 its server is idle.",
	Wordings: []Wording{
		{Impl: "floor",
			Says: "Handing a call{work} to a coroutine{procs} takes {x} as long as calling directly",
			Same: "Handing a call{work} to a coroutine{procs} and calling directly: no difference seen, {x} as long",
			Less: "faster"},
		{Impl: "locked", Mode: "direct",
			Says: "A call{work} between LockOSThread and UnlockOSThread{procs}{callers} takes {x} as long as without",
			Same: "A call{work} between LockOSThread and UnlockOSThread{procs}{callers}, and without: no difference seen, {x} as long",
			Less: "faster"},
		{Impl: "locked", Mode: "delegated",
			Says: "Handing a call{work} to one locked thread{procs}{callers} takes {x} as long as calling directly",
			Same: "Handing a call{work} to one locked thread{procs}{callers} and calling directly: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "delegated",
			Says: "Handing a call{work} to {one}{procs}{callers} takes {x} as long as calling directly",
			Same: "Handing a call{work} to {one}{procs}{callers} and calling directly: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "pool",
			Says: "Handing a call{work} to a pool of {many}{procs}{callers} takes {x} as long as calling directly",
			Same: "Handing a call{work} to a pool of {many}{procs}{callers} and calling directly: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "crossover",
			Says: "Handing a call to one locked thread{procs} costs 5% of work that is {x} as long as with {ref one}",
			Same: "Handing a call to one locked thread{procs} and to {ref one} costs 5% of the same work: no difference seen, {x} as long",
			Less: "less"},
	},
	Answer: &Answer{
		Does: "10µs: call→delegate", More: "as long", Less: "faster", // a goroutine makes the call, a locked thread has it delegated
		Rows: []string{"Delegate/impl=locked/mode=delegated/work=10us/procs=all/n=1"},
	},
}
