package catalog

// Block measures what waiting tasks do to a bystander at work.
var Block = Family{
	Name:    "Block",
	Op:      "one chunk of a bystander's work while the tasks wait",
	Primary: []string{"ns/op"},
	Beside:  []string{"bystander-share", "threads", "delay-ns", "p99-ns", "p999-ns", "max-ns", "stamp-ns"},
	Read: "n tasks wait while a bystander works on the same CPU with GOMAXPROCS=1, or with procs=all on all CPUs, as programs run. The bystander is a goroutine in every arm. " +
		"bystander-share is its speed beside the tasks over its speed alone. threads is the number of threads of the process then. " +
		"p99 and the other percentiles are of a chunk's whole time, with 10 us of work in it. delay is p99 less that of the bystander alone. " +
		"Stalls rarer than one chunk in a hundred show in max and in bystander-share. " +
		"Every millisecond or so one task is woken and waits again. " +
		"It favours the raw thread in wait=syscall: a goroutine that blocks there keeps its P until the runtime's monitor retakes it.",
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
		About: "n tasks wait while a goroutine works on the same CPU. Its speed is shown over its speed alone: 1 means that it does not notice them. Below is the number of threads of the process then: the other cost of waiting.",
	},
}
