// Package plain holds Go benchmarks in the plainest loops, written by somebody who has not seen the suite's.
// It is the judge of the suite's goroutine rows.
//
// One operation is one switch, or one goroutine created and waited for. A round trip is two switches.
// Run the benchmarks on one CPU with GOMAXPROCS=1:
//
//	GOMAXPROCS=1 taskset -c 1 go test -bench . ./scripts/internal/fidelity/outside/plain
//
// BenchmarkLockedPipe and BenchmarkLockedFutex block in system calls and want GOMAXPROCS=2, on one CPU too.
// With GOMAXPROCS=1, each blocked call would wait until the runtime takes the P back.
package plain
