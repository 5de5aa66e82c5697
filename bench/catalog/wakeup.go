package catalog

// Wakeup measures how late a task runs after an event.
var Wakeup = Family{
	Name:    "Wakeup",
	Op:      "one wake-up. wake is the 99th percentile from the byte or the timer's instant on; p50 to max are from the instant in the schedule",
	Primary: []string{"wake-ns"},
	Beside:  []string{"pacer-ns", "p50-ns", "p99-ns", "p999-ns", "max-ns", "stamp-ns"},
	Read: "A task should run at 500 instants (250 in the short profile). Its delay is the time from each instant to its first instruction. p99 and the other percentiles are of the delays; p99.9 is the longest. " +
		"pipe: another process, the pacer, writes a byte. pacer is how late it is. wake is the time from then on, the wake-up alone, and compares the contenders. " +
		"timer: the task sleeps until the instant, and wake is p99. " +
		"hogs are of the task's own kind and in its process; outside they are another process's threads. " +
		"Hogs of the task's own kind favour the thread. When no P is idle, Go's scheduler looks for woken goroutines every 10 to 20 ms, and they wait for the end of a hog's 10 ms. A Go timer on idle CPUs favours the thread, too, since the runtime's poller sleeps in whole milliseconds.",
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
		About: "The delay from the instant at which a task should run to its first instruction. The task is woken by a byte in a pipe or by a timer, on an idle machine, beside hogs of its own kind, and beside another process's. The delay includes the pacer's own. The first picture leaves that out: it has the 99th percentile from the pacer's byte on, or from a timer's instant.",
	},
}
