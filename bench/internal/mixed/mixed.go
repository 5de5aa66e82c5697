package mixed

import (
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/measure"
)

// Family measures whether CPUs stay busy while some tasks wait, with the three
// tasks of the textbook, really done.
//
// ONE op is one set of tasks, all done:
//
//	a download  256 KiB over HTTP/1.1, from a server in a process of its own that
//	            answers after 60 ms
//	writes      data written to a file and synced (fsync(2)), one MiB at a time
//	factorials  of a large number with math/big, one for each CPU, so that there is
//	            work for all
//
// The size of the factorial and the number of writes are found beforehand, in
// the same process, so that each task takes some 60 ms. The tasks speak HTTP by
// hand, over an os.File that waits through the runtime's poller as a net.Conn
// does: net/http would link cgo.
//
//	together  all at once, each in a goroutine of its own or in a locked one
//	serial    one after the other, in the order above
//
// First each kind of task is done alone: download-ns, disk-ns and compute-ns.
// The factorials are done once more at the end. alone-share is the share of its
// CPUs' time that the process got in these two runs of the factorials, their
// mean.
//
// longest-x is the time of the set over the longest of them: 1 if nothing has
// to wait for anything else. busy-share is the CPU time of the process over the
// time of its CPUs, while others wait and there is work for every CPU. That
// ends when the download and the writes are over, or a factorial is. The CPU
// time is exact to some 20 us (host.CpuTime): the kernel's account of the whole
// process may be late by a tick, 4 to 10 of the 60 ms, for each other CPU.
//
// procs=1 is on one CPU with one P, procs=2 on one CPU with two, and procs=all
// on all CPUs with as many. procs=2 shows why: a task that syncs keeps its P
// until sysmon retakes it, and sysmon looks every 20 us at first and every 10
// ms later. A sync of a few ms is over by then, and nothing else has run on
// that P. On one CPU busy-share was
//
//	one P                       0.65 to 0.73
//	two Ps                      0.87 to 0.99
//	one P, without the writes   0.97
//
// Evidence:
//
//   - Every byte is downloaded, and their checksum is right.
//   - There are as many syncs as writes, and the file reads back.
//   - Each factorial modulo the prime 2^61-1 equals a product that math/big did
//     not make.
//   - Locked tasks have as many threads as there are tasks, by their ids.
//   - All tasks are under way at once in together, one at a time in serial. A
//     task is under way from when its goroutine waits for the release.
//
// Mixed favours nobody: a locked goroutine's download waits through the poller
// as well, and a goroutine's sync blocks a thread as well.
var Family = measure.Family{Family: catalog.Mixed, Cases: mixedCases(), Roles: map[string]func() int{downloadsOnly: measure.Served(openDownloads)}}

const (
	// About the time of each task alone.
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
