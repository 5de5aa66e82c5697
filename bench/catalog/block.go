package catalog

// Block measures what waiting tasks do to a bystander at work.
var Block = Family{
	Name:    "Block",
	Op:      "one chunk of a bystander's work while the tasks wait",
	Primary: []string{"ns/op"},
	Beside:  []string{"bystander-share", "threads", "delay-ns", "p99-ns", "p999-ns", "max-ns", "stamp-ns"},
	Read: "n tasks wait while a bystander, a goroutine in every arm, works on the same CPU with GOMAXPROCS=1, or with procs=all on all CPUs, as programs run. " +
		"bystander-share is its speed beside them over its speed alone, threads how many the process has then. " +
		"p99 and the other percentiles are of a chunk's whole time, 10 us of work in it; delay is by how much p99 is above that of the bystander alone. " +
		"Stalls that are rarer than one chunk in a hundred show in max and in bystander-share. " +
		"Every millisecond or so one of them is woken and waits again. " +
		"It favours the raw thread in wait=syscall: a goroutine that blocks there takes its P along until the runtime's monitor takes it away.",
	Wordings: []Wording{
		{Impl: "floor",
			Says: "A bystander's work beside nobody takes {x} as long as beside {ref many} that wait{wait}, {n} of them",
			Same: "A bystander's work beside nobody and beside {ref many} that wait{wait}, {n} of them: no difference seen, {x} as long",
			Less: "faster"},
		{
			Says: "A bystander's work beside {many} that wait{wait}, {n} of them, takes {x} as long as beside {ref many}",
			Same: "A bystander's work beside {many} and beside {ref many} that wait{wait}, {n} of them: no difference seen, {x} as long",
			Less: "faster"},
	},
	Picture: &Picture{
		Title: "What blocked tasks do to a bystander",
		Short: "Blocking",
		About: "n tasks wait while a goroutine works on the same CPU. Its speed is that beside them over its speed alone: 1 is not to notice them. Below it, how many threads the process had then: what waiting costs instead.",
	},
}
