package mixed

import (
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/measure"
)

// Mixed: whether CPUs stay busy while some tasks wait, by the three tasks of
// the textbook, really done.
//
// ONE op is one set of tasks, each done: a download over HTTP/1.1 of 256 KiB
// from a server in a process of its own, which answers after 60 ms; data
// written to a file and synced (fsync(2)), one MiB at a time; and the factorial
// of a large number with math/big, once for each CPU, so that there is work
// for all. The size of the factorial and the number of writes are found
// beforehand, in the same process, so that each task takes some 60 ms too.
// HTTP is spoken by hand, over an os.File that waits through the runtime's
// poller as a net.Conn does: net/http would link cgo.
//
//	together  all at once, each in a goroutine of its own or in a locked one
//	serial    one after the other, in the order above
//
// First each kind of task is done alone: download-ns, disk-ns and compute-ns,
// and the factorials once more at the end: alone-share is what the CPUs gave
// the process then, the mean of the two.
// longest-x is the time of the set over the longest of them: 1 if nothing has
// to wait for anything else. busy-share is the CPU time of the process over
// the time of its CPUs, from the beginning until the download
// and the writes are over, or a factorial is: while others wait and there is
// work for every CPU. The CPU time is exact to some 20 us (cpuTime): the kernel's
// account of the whole process may be behind by a tick, 4 to 10 of the 60 ms,
// for each other CPU.
//
// procs=1 is on one CPU with one P, procs=2 on one CPU with two, and procs=all
// on all CPUs with as many. procs=2 says why: a task that syncs keeps its P
// until sysmon takes it away, which looks every 20 us at first and every 10 ms
// later. A sync of a few ms is over by then, and nothing else has run on that P.
// On one CPU busy-share was 0.65 to 0.73 with one P and 0.87 to 0.99 with two; without
// the writes it was 0.97 with one.
//
// Evidence: every byte downloaded and the sum over them right; as many syncs
// as writes, and the file read back; each factorial compared modulo the prime
// 2^61-1 with a product that is not math/big's; as many threads as tasks,
// where these are locked, by their ids; and the most tasks that were under way
// at once, each in a goroutine that waited for the release or had its task to
// do: all of them together, and never two of them one after the other.
//
// It favours nobody: a locked goroutine's download waits through the poller as
// well, and a goroutine's sync blocks a thread as well.
var Family = measure.Family{Family: catalog.Mixed, Cases: mixedCases(), Roles: map[string]func() int{downloadsOnly: measure.Served(openDownloads)}}

const (
	// About how long each task takes alone.
	mixedEach = 60 * time.Millisecond

	downloadBytes = 256 << 10
	writeBytes    = 1 << 20
	mostWrites    = 64
)

func mixedCases() []measure.Case {
	var cases []measure.Case
	row := func(impl, mode, procs string, cpus, ps int) {
		cases = append(cases, measure.Case{
			Name:     catalog.Name{Family: "Mixed"}.With("impl", impl).With("mode", mode).With("procs", procs),
			Once:     1,
			CPUs:     cpus,
			Procs:    ps,
			Quick:    impl == "goroutine" && mode == "together" && procs == "all", // which decides
			OpenOnce: openMixed(impl == "locked", mode == "serial"),
		})
	}
	row("goroutine", "together", "1", 1, 1)
	row("locked", "together", "1", 1, 1)
	row("goroutine", "serial", "1", 1, 1)
	row("goroutine", "together", "2", 1, 2)
	row("goroutine", "together", "all", 0, 0)
	row("locked", "together", "all", 0, 0)
	row("goroutine", "serial", "all", 0, 0)
	return cases
}
