package catalog

// Wakeup is the family of that name.
var Wakeup = Family{
	Name:    "Wakeup",
	Op:      "one wake-up: wake is the 99th percentile from the byte or the timer on, p50 to max are from the instant in the schedule",
	Primary: []string{"wake-ns"},
	Beside:  []string{"pacer-ns", "p50-ns", "p99-ns", "p999-ns", "max-ns", "stamp-ns"},
	Read: "A task is to run at 500 instants (250 in the short profile), and the time from each to its first instruction is its delay: p99 and the other percentiles are of that, p99.9 being the longest. " +
		"pipe: another process writes a byte; pacer is what that is late by, and wake, from then on, is the wake-up alone, which contenders are compared by. " +
		"timer: the task sleeps until then, and wake is p99. " +
		"hogs are of the task's own kind and in its process, outside are another process's threads. " +
		"Hogs of the task's own kind favour the thread: where none is idle, Go's scheduler looks for goroutines that were woken every 10 to 20 ms, and has them wait for the end of a hog's 10 ms; and so does a Go timer on idle CPUs, since the runtime's poller sleeps in whole milliseconds.",
	Wordings: []Wording{
		{Mode: "noslack",
			Says: "Woken{via}{load}, without timer slack, {one} has a 99th percentile of the time to wake {x} that of {ref one}",
			Same: "Woken{via}{load}, without timer slack, {one} and {ref one}: no difference seen in the 99th percentile of the time to wake, {x}",
			Less: "sooner"},
		{
			Says: "Woken{via}{load}, {one} has a 99th percentile of the time to wake {x} that of {ref one}",
			Same: "Woken{via}{load}, {one} and {ref one}: no difference seen in the 99th percentile of the time to wake, {x}",
			Less: "sooner"},
	},
	Answer: &Answer{
		Does: "wake, p99, CPUs busy", More: "as late", Less: "sooner",
		Rows: []string{"Wakeup/impl=locked/via=pipe/load=hogs", "Wakeup/impl=clone/via=pipe/load=hogs"},
	},
	Picture: &Picture{
		Title: "How late a task wakes, where threads may win",
		Short: "Wake-up",
		About: "The delay from the instant at which a task is to run to its first instruction: woken by a byte in a pipe or by a timer, on an idle machine, beside hogs of its own kind, and beside another process's. A pacer that is late itself is in that delay; the first picture leaves it out, and has the 99th percentile from the pacer's byte on, or from a timer's instant.",
	},
}
