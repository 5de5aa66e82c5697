package serve

import (
	"slices"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/measure"
)

// Serve: what a server pays for its connections, and what a client waits.
//
// ONE op is one request answered: 64 bytes that come back. A real TCP server
// on the loopback device holds n connections, of which one in ten is active;
// the others are there and silent. The server has one CPU and GOMAXPROCS=1;
// its client is a process of its own on another CPU, one thread with epoll(7).
// In a process, once:
//
//	memory    read before the first connection and when all of them are open
//	          and their tasks wait: what the server holds for each, the
//	          kernel's part of its descriptor, inode and epoll item included.
//	          The TCP socket itself, some 2.3 KiB in every arm, is charged to
//	          nobody.
//	closed    each active connection has one request under way, and the next
//	          follows upon the answer. cpu-ns/op is the CPU time of the whole
//	          server from before the first request to after the last answer,
//	          over all answers. The server reads its own clock. It has one CPU,
//	          so that the reading is exact: no other thread of it runs then. In
//	          it is what the turn's two messages cost, 0.1 to 0.3 ms of 200.
//	          req/s and client-share are of the time from when there have been as
//	          many answers as active connections. client-req/s is the client's own
//	          ceiling, the requests that it can do in a second of its CPU time,
//	          and client-share how busy it was: req/s over that ceiling. A server
//	          that answered at once would raise req/s by 1/client-share at most.
//	          So req/s is not printed where client-share is 0.75 or more, as it is
//	          in most rounds with 10 active connections or more: there req/s
//	          is the client's, which has to wake the server. cpu-ns/op is the
//	          figure. But on the loopback device whoever sends a request also
//	          does the kernel's work of waking the task that waits for it, which
//	          is more for a thread than for a poller that has many at once:
//	          both-cpu-ns/op has the client's CPU time, too.
//	open      the requests go out by a schedule, the same for every arm, whether
//	          the answers have come or not: 1,000 a second for each active
//	          connection, where the closed loop does some 5,000 on one, and
//	          5,000 a second in all at the most. The percentiles are of the
//	          time from the instant at which a request was to be sent until its
//	          answer was read, so that a server that stalls is charged with all
//	          that had to wait. The client asks without sleeping; late-ns is
//	          how late it sent 99% of them, which is in the percentiles.
//
// mode says how a task waits for its connection: poller is through the
// runtime's network poller, as package net does it (on the same os.File and
// poll.FD, since net itself would link cgo); blocking is in read(2), which
// holds a thread. A locked goroutine and a raw thread have no other way. All
// of them refer to the goroutine that waits through the poller. The floor is
// one task with epoll(7) and no task per connection.
//
// Evidence: as many connections accepted as n; every request answered, byte by
// byte; the server's own count of bytes equal to the client's; as many goroutines
// waiting as connections, or in system calls where the mode says so
// (runtime/metrics); each raw thread begun. Of the controls as many threads as
// connections in a Go program's mode=blocking, told by their ids, and 16 at the
// most for the floor. How many threads goroutines take that wait through the
// poller, and raw threads, is a figure: the ledger of claims judges it.
//
// A process makes 1,000 requests in its open loop, a quarter of them in the short
// profile, so that its p999-ns is the
// longest but one or two; with n=10 it makes 200, the p99-ns is the longest but
// two and p999-ns the longest. Its memory is told where n is 1,000 at the least: a server
// takes some 100 KiB before its first connection.
//
// It favours the goroutine in that one CPU serves all: threads that wait for
// one another's CPU are switched by the kernel. With n=10 one connection is
// active, and an op is mostly the wake-up of two idle CPUs. The price of
// mode=blocking in a Go program is a sysmon that is awake, and a P that goes
// from thread to thread. The floor's one task is Go, too, and tells the
// scheduler of its epoll_wait(2): with few connections it pays as much for that.
var Family = measure.Family{Family: catalog.Serve, Cases: serveCases(), Roles: map[string]func() int{clientOnly: measure.Served(openClient)}}

var (
	serveConns = []int{10, 100, 1000, 10000}
	// With so many, every arm; else the goroutine and the raw thread alone, for
	// time's sake.
	serveAll = []int{10, 1000}
)

const (
	// One connection in so many is active.
	serveActive = 10
	// Bytes of a request, and of its answer.
	serveBytes = 64
	// Requests a second of the open loop, on an active connection and in all
	// at the most: a fifth of what one connection does in a closed loop, so
	// that it is no queue that is measured.
	serveRate    = 1000
	serveRateAll = 5000

	// The loops of a run that has little time are so much shorter.
	serveFewer = 4

	serveWarm   = 20 * time.Millisecond
	serveClosed = 200 * time.Millisecond
	serveOpen   = 200 * time.Millisecond

	// The client-share from which on req/s is the client's: a server that took no
	// time would raise it by a third at the most.
	serveClientLimits = 0.75

	// The least connections whose memory is told: a process that begins to
	// serve takes some 100 KiB, whatever it serves.
	serveLeastHeld = 1000

	// The most threads of a server that holds none for its connections.
	serveFewThreads = 16
)

func serveCases() []measure.Case {
	var cases []measure.Case
	for _, n := range serveConns {
		for _, way := range []struct {
			impl, mode string
			every      bool // n; else those of serveAll
		}{
			{"goroutine", "poller", true},
			{"goroutine", "blocking", false},
			{"locked", "blocking", false},
			{"clone", "blocking", true},
			{"floor", "poller", false},
		} {
			if !way.every && !slices.Contains(serveAll, n) {
				continue
			}
			cases = append(cases, measure.Case{
				Name:     catalog.Name{Family: "Serve"}.With("impl", way.impl).With("mode", way.mode),
				Once:     1,
				CPUs:     2,
				Procs:    1,
				Env:      arm.Still,
				Quick:    way.every && (n == 100 || n == 1000) || way.impl == "locked" && n == 1000, // which decide, and the summary's
				OpenOnce: openServe(way.impl, way.mode, n),
			}.WithN(n))
		}
	}
	return cases
}
