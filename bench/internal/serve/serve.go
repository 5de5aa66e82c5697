package serve

import (
	"slices"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/measure"
)

// Family measures the cost of connections to a server, and the waits of its
// client.
//
// ONE op is one request answered: 64 bytes that come back. A real TCP server on
// the loopback device holds n connections, of which one in ten is active; the
// others stay silent. The server has one CPU and GOMAXPROCS=1. Its client is a
// process of its own on another CPU, one thread with epoll(7). A process does
// this once:
//
//	memory    read before the first connection, and when all are open and their
//	          tasks wait. It is what the server holds for each, the kernel's
//	          part of its descriptor, inode and epoll item included. The TCP
//	          socket itself, some 2.3 KiB in every arm, is charged to nobody.
//	closed    each active connection has one request under way, and the next
//	          follows the answer.
//	open      the requests follow a schedule, the same for every arm, whether
//	          the answers have come or not: 1,000 a second for each active
//	          connection, where the closed loop does some 5,000 on one, and at
//	          most 5,000 a second in all.
//
// The closed loop gives
//
//	cpu-ns/op       the figure: CPU time of the whole server, from before the
//	                first request to after the last answer, over all answers.
//	                The server reads its own clock, exactly: it has one CPU, so
//	                none of its other threads runs then. The turn's two messages
//	                are in it, 0.1 to 0.3 ms of 200.
//	both-cpu-ns/op  the same with the client's CPU time. On the loopback device
//	                the sender of a request also does the kernel's work of
//	                waking the task, which is more for a thread than for a
//	                poller that has many at once.
//	client-req/s    the client's own ceiling: requests in a second of its CPU
//	                time.
//	client-share    how busy the client was: req/s over that ceiling. A server
//	                that answered at once would raise req/s by at most
//	                1/client-share.
//	req/s           answers a second.
//
// req/s and client-share count from when there have been as many answers as
// active connections. req/s is not printed where client-share is 0.75 or more,
// as in most rounds with 10 active connections or more: there the client, which
// has to wake the server, is the limit.
//
// The percentiles of the open loop are of the time from the instant at which a
// request should be sent until its answer was read. So a server that stalls
// pays for everything that had to wait. The client polls without sleeping.
// late-ns is how late it sent 99% of the requests, and the percentiles include
// that.
//
// mode says how a task waits for its connection. poller is the runtime's
// network poller, as package net uses it (on the same os.File and poll.FD,
// since net itself would link cgo). A locked goroutine waits so, too, if it uses
// package net; its thread then sleeps in a futex. blocking is read(2), which
// holds the thread of a goroutine, locked or not. A raw thread always waits in
// read(2). All arms are compared with the goroutine that waits through the
// poller. The floor is one task with epoll(7) for all connections.
//
// Evidence:
//
//   - n connections are accepted, and every request is answered, byte by byte.
//   - The server's own count of bytes equals the client's.
//   - As many goroutines wait as there are connections, in system calls if the mode says
//     so, and outside of them if they are locked and the mode is poller
//     (runtime/metrics).
//   - Each raw thread has begun.
//   - The controls: goroutines that block in read(2), and locked ones in either
//     mode, have as many threads as connections. Each locked goroutine is on a
//     thread of its own, by the ids. The floor has at most 16 threads.
//
// The threads of plain goroutines that wait through the poller, and of raw
// threads, are a figure, which the ledger of claims judges.
//
// A process makes 1,000 requests in its open loop, a quarter of them in the
// short profile. So its p999-ns is the longest but one or two. With n=10 it
// makes 200: p99-ns is the longest but two, and p999-ns the longest. Memory is
// reported only from n=1,000 on: a server needs some 100 KiB before its first
// connection.
//
// Serve favours the goroutine in that one CPU serves all: the kernel has to
// switch between threads. With n=10 one connection is active, and an op is
// mostly the wake-up of two idle CPUs. mode=blocking in a Go program pays for a
// sysmon that stays awake, and for a P that goes from thread to thread. A
// request to a locked goroutine in mode=poller moves the P twice: from the
// thread that polls to the goroutine's own, and on to another when it waits. The
// floor's one task is Go, too, and tells the scheduler of its epoll_wait(2):
// with few connections it pays as much for that.
var Family = measure.Family{Family: catalog.Serve, Cases: serveCases(), Roles: map[string]func() int{clientOnly: measure.Served(openClient)}}

var (
	serveConns = []int{10, 100, 1000, 10000}
	// With these n every arm runs; with others only the goroutine and the raw
	// thread do, to save time.
	serveAll = []int{10, 1000}
)

const (
	// One connection in this many is active.
	serveActive = 10
	// Bytes of a request, and of its answer.
	serveBytes = 64
	// Requests a second of the open loop, on an active connection and at most
	// in all: a fifth of the rate of one connection in a closed loop, so that
	// no queue is measured.
	serveRate    = 1000
	serveRateAll = 5000

	// The loops are this many times shorter in a run that has little time.
	serveFewer = 4

	serveWarm   = 20 * time.Millisecond
	serveClosed = 200 * time.Millisecond
	serveOpen   = 200 * time.Millisecond

	// From this client-share on, req/s is the client's: a server that needed no
	// time would raise it by a third at most.
	serveClientLimits = 0.75

	// Memory is reported from this many connections on: a process that begins
	// to serve needs some 100 KiB, whatever it serves.
	serveLeastHeld = 1000

	// The most threads of a server that needs none for its connections.
	serveFewThreads = 16

	// The most threads beside those of locked goroutines that wait through the
	// poller. A thread that has handed its P on stays, parked, and the runtime
	// starts another if none is parked at that moment: up to 13 have been seen.
	serveSpareThreads = 64
)

func serveCases() []measure.Case {
	var cases []measure.Case
	for _, n := range serveConns {
		for _, way := range []struct {
			impl, mode string
			every      bool // with every n; else with those of serveAll
		}{
			{"goroutine", "poller", true},
			{"goroutine", "blocking", false},
			{"locked", "poller", false},
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
				Quick:    way.every && (n == 100 || n == 1000) || way.impl == "locked" && way.mode == "poller" && n == 1000, // which decide, and the summary's
				OpenOnce: openServe(way.impl, way.mode, n),
			}.WithN(n))
		}
	}
	return cases
}
