package suite

import (
	"fmt"
	"io"
	"slices"

	"threadbench/bench/catalog"
	"threadbench/bench/measure"
	"threadbench/scripts/internal/prose"
)

// A lack is something that a system can't measure, and the rows that need it.
type lack struct {
	what string
	on   func(goos, goarch string) bool
	of   func(n catalog.Name) bool
}

func notLinux(goos, _ string) bool { return goos != "linux" }

func impl(n catalog.Name, which string) bool { return n.Get("impl") == which }

// lacks are in order: a row counts for the first lack that it needs. The
// workers give the same reasons when they are asked to open a row.
var lacks = []lack{
	{"raw threads, which clone(2) makes on linux/amd64 and linux/arm64",
		func(goos, goarch string) bool { return goos != "linux" || goarch != "amd64" && goarch != "arm64" },
		func(n catalog.Name) bool { return impl(n, "clone") }},
	{"memory of a parked task: user, kernel and reserved bytes", notLinux,
		func(n catalog.Name) bool { return n.Family == "Stack" }},
	{"switches on one CPU or on two, since no process can be held there", notLinux,
		func(n catalog.Name) bool { return n.Get("place") == "same" || n.Get("place") == "cross" }},
	{"servers, downloads and wake-ups, which take Linux's epoll and timers", notLinux,
		func(n catalog.Name) bool { return slices.Contains([]string{"Serve", "Mixed", "Wakeup"}, n.Family) }},
	{"locked goroutines over a futex or a blocking pipe", notLinux,
		func(n catalog.Name) bool {
			return n.Family == "Switch" && impl(n, "locked") && n.Get("via") != "channel"
		}},
	{"tasks that wait in read(2)", func(goos, _ string) bool { return goos == "windows" },
		func(n catalog.Name) bool { return n.Family == "Block" }},
}

// sayLeftOut says which rows this system can't measure. It prints nothing if it
// can measure them all.
func sayLeftOut(w io.Writer, goos, goarch string, cases []measure.Case) {
	rows := make([]int, len(lacks))
	all := 0
	for _, c := range cases {
		i := slices.IndexFunc(lacks, func(l lack) bool { return l.on(goos, goarch) && l.of(c.Name) })
		if i >= 0 {
			rows[i]++
			all++
		}
	}
	if all == 0 {
		return
	}
	fmt.Fprintf(w, "Not measured on %s/%s: %d of %s. The results file has the reason for each:\n", goos, goarch, all, prose.Count(len(cases), "row"))
	for i, l := range lacks {
		if rows[i] > 0 {
			prose.Wrap(w, fmt.Sprintf("%s: %s", prose.Count(rows[i], "row"), l.what), "  ", "    ")
		}
	}
	if goos != "linux" && goos != "windows" {
		fmt.Fprintln(w, "  and rows whose proof is that each task had a thread of its own")
	}
}
