// # Why processes take turns
//
// The gate measures what go test would have measured, side by side. A round of
// a foreign benchmark is three fresh processes, of base, of head and of base
// again, each of as many iterations as a plain run. They run at once. All but
// one are stopped by SIGSTOP, and after 10 ms another one goes on. A
// disturbance of the machine reaches all three alike, so their ratios are
// steadier than those of processes in alternation.
//
// Package testing reads its clock across the stops. So the gate scales a time
// by the share of the timed window in which the process was let run. The window
// ends when the result line arrives, and is as long as the line says. A line is
// read at the latest when the turn in which it was written has ended: on a busy
// machine the goroutine that reads may be late by a turn or two, which would then
// lie outside of the window. Spread of
// the ratios of unchanged golang-lru, by the length of a turn:
//
//	turns of 3 ms    17%, for cold caches
//	turns of 10 ms   1.5%
//	turns of 25 ms   5%
//
// Rejected: slices by count everywhere (-test.benchtime=Nx -test.count=many).
// In golang-lru slices of 2 ms read 0.31 to 0.70 of a plain run, since its
// state grows with N and testing collects garbage before each count. A pilot
// shows where a slice and a plain run agree within 1%. There, and where nothing
// is allocated, slices are taken, since they are steadier still. Their mean is
// compared, as a plain run's figure is one: a median would not see what one
// slice in four pays.
//
// Rejected: an overlay of package testing that prints unrounded figures and
// stops its own clock. It would be a fork of testing for each release of Go,
// and no longer what go test runs.
//
// Rejected: processes in alternation for all. Their ratios scatter several
// times as much. They remain for benchmarks that turns would change: those that
// wait for timers, peers or disks, that start children, or that stop their
// clock between iterations, and for systems without the signals. The row says
// so and why.
//
// # Why a benchmark of one CPU has one CPU
//
// If a plain run uses no more than one CPU besides the collector, the benchmark
// is pinned to one CPU with GOMAXPROCS=1, in every mode. The collector then
// shares that CPU, so the figures read longer. Their ratios are steadier: those
// of unchanged go-toml scattered by about 1% a round, and by 5 to 6% with two
// CPUs.
//
// A parallel benchmark has all CPUs of the job, and a turn is the whole job's.
// Each benchmark has a process of its own, with the same number of iterations
// on both sides and nothing of another one's heap.
package turns
