package catalog

// Switch measures the hand-off of a turn between two tasks.
var Switch = Family{
	Name:        "Switch",
	Op:          "one switch from one task to another; a round trip is two",
	Primary:     []string{"ns/op"},
	Beside:      []string{"kernel-switches/op", "crossed/op", "p50-ns", "p90-ns", "p99-ns", "p999-ns", "max-ns", "stamp-ns"},
	ModePrimary: map[string][]string{"traced": {"syscalls/op"}},
	Read: "Two tasks hand a turn back and forth. place=same, on one CPU, is the cost of a switch. cross adds the wake-up of an idle CPU. free is a lottery between the two and decides nothing. " +
		"channel against futex compares each side's own primitive; pipe is the same for all. " +
		"A raw thread's hand-off is written out. mode=called has a function for each half, which returns after the switch, as in a program that calls a C library. " +
		"mode=stamped runs in one turn, with a stamp in each op, so its factors are smaller: it is there for its percentiles. " +
		"mode=traced counts the system calls of a switch from outside, and no time. Through a futex a tracer sees fewer than there are without one. " +
		"It favours the goroutine. With no work in between, its little state stays in the first-level cache. So does a thread's, whose switch then hides its effect on the caches of a real program.",
	Wordings: []Wording{
		{Mode: "traced",
			Says: "A switch between {many}{via}{place} makes {figure} system calls under a tracer, one between {ref many}{ref via}{ref place} {ref figure}"},
		{Impl: "floor",
			Says: "The floor of a switch{via} takes {x} as long as one between {ref many}{ref via}{ref place}",
			Same: "The floor of a switch{via} and one between {ref many}{ref via}{ref place}: no difference seen, {x} as long",
			Less: "faster"},
		{Mode: "called",
			Says: "A switch between {many}{via}, each half in a function that returns, takes {x} as long as one between {ref many}{ref via}",
			Same: "A switch between {many}{via}, each half in a function that returns, and one between {ref many}{ref via}: no difference seen, {x} as long",
			Less: "faster"},
		{
			Says: "A switch between {many}{via}{place} takes {x} as long as one between {ref many}{ref via}{ref place}",
			Same: "A switch between {many}{via}{place} and one between {ref many}{ref via}{ref place}: no difference seen, {x} as long",
			Less: "faster"},
	},
	Answer: &Answer{
		Does: "hand over, one CPU", More: "as long", Less: "faster",
		Rows: []string{"Switch/impl=locked/via=channel/place=same", "Switch/impl=clone/via=futex/place=same", "Switch/impl=pthread/via=futex/place=same"},
	},
	Picture: &Picture{
		Title: "How long a switch takes, from the median to the slowest",
		Short: "Switch latency",
		About: "The further left and the steeper, the better. Each switch has a stamp of its own (mode=stamped), whose cost is included.",
	},
}
