package catalog

// Create measures the making, running and joining of tasks.
var Create = Family{
	Name: "Create",
	Op:   "one task created, run and joined",
	ModeOps: map[string]string{
		"start":   "one task created and begun, not joined",
		"stamped": "one task created, run and joined; the percentiles are from the call to the task's first instruction",
	},
	Primary: []string{"ns/op"},
	Beside:  []string{"threads/op", "p50-ns", "p90-ns", "p99-ns", "p999-ns", "max-ns", "stamp-ns"},
	Read: "reused makes each task from what the last one left, burst a hundred at a time. cold makes a thousand in a fresh process, with none to reuse. start is cold up to the last task's first step. " +
		"inplace: a locked goroutine locks itself to its maker's thread, since the maker waits, and no other thread is woken. " +
		"pooled: the maker is locked to its own thread, so an idle thread of the runtime's pool is woken for each task. " +
		"exitlocked: a locked goroutine exits without unlocking, so its thread dies with it and the runtime makes another. " +
		"stamped has the percentiles of the time from the call to the task's first instruction. A locked goroutine gets that far on its maker's thread, before a new thread is made. " +
		"threads/op says whether a thread was made. inplace shows where a goroutine's advantage comes from: it does not ask the kernel. " +
		"All goroutines run one function, as in go f(). A closure for each would allocate 16 bytes more a task, and take 1.1 to 1.3 times as long. " +
		"It favours the goroutine in that a task does nothing: a thread's cost is the same for a task that runs for a second.",
	Wordings: []Wording{
		{Impl: "floor",
			Says: "The floor of creating a task takes {x} as long as {ref one}",
			Same: "The floor of creating a task and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "cold",
			Says: "Creating, running and joining {one} with none to reuse takes {x} as long as {ref one}",
			Same: "Creating, running and joining {one} with none to reuse, and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "start",
			Says: "Creating {one} up to its first step takes {x} as long as {ref one}",
			Same: "Creating {one} up to its first step, and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
		{Impl: "locked", Mode: "inplace",
			Says: "Creating, running and joining a locked goroutine that runs on its maker's thread takes {x} as long as a goroutine made from what the last one left",
			Same: "Creating, running and joining a locked goroutine that runs on its maker's thread, and a goroutine made from what the last one left: no difference seen, {x} as long",
			Less: "faster"},
		{Impl: "locked", Mode: "pooled",
			Says: "Creating, running and joining a locked goroutine for which a thread of the pool is woken takes {x} as long as a goroutine made from what the last one left",
			Same: "Creating, running and joining a locked goroutine for which a thread of the pool is woken, and a goroutine made from what the last one left: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "exitlocked",
			Says: "Creating, running and joining a locked goroutine that exits locked, whose thread dies with it, takes {x} as long as a goroutine made from what the last one left",
			Same: "Creating, running and joining a locked goroutine that exits locked, whose thread dies with it, and a goroutine made from what the last one left: no difference seen, {x} as long",
			Less: "faster"},
		{Impl: "locked", Mode: "reused"}, // in older files only
		{Mode: "reused",
			Says: "Creating, running and joining {one}, one after the other, takes {x} as long as {ref one}",
			Same: "Creating, running and joining {one}, one after the other, and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "burst",
			Says: "Creating, running and joining {one}, many at a time, takes {x} as long as {ref one}",
			Same: "Creating, running and joining {one}, many at a time, and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "stamped",
			Says: "Creating, running and joining {one}, one after the other and stamped, takes {x} as long as {ref one}",
			Same: "Creating, running and joining {one}, one after the other and stamped, and {ref one}: no difference seen, {x} as long",
			Less: "faster"},
	},
	Answer: &Answer{
		Does: "create, run and join", More: "as long", Less: "faster",
		Rows: []string{"Create/impl=locked/mode=cold", "Create/impl=clone/mode=cold", "Create/impl=pthread/mode=cold"},
	},
}
