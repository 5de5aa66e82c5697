// # Why not every arm is measured twice
//
// The arms with an A/A are the goroutine arms that take turns, the rows that a
// report begins with, and in the full profile those that decide a statement
// (plan.go). Where each arm takes a process of its own, the short profile does
// without the others: they would take a third of its time.
//
// # Why the results file is whole at each moment
//
// A round is one write and a sync behind what is there, or nothing; -resume
// cuts off what a crash has torn. The file is open only for that write. Before
// it, the file's length tells whether another run or an editor has written to
// it, and then the run ends. -force replaces the old rounds when the new run
// has its worker and is about to measure.
//
// Rejected: a temporary file and a rename, which a kill would leave behind; a
// lock, which a crash of a network share would leave behind; to go on in
// another file when the first is removed or replaced, which nobody asked for.
//
// # Why a line that could not be read back is no line
//
// Each benchmark line is read by package results before it is written. One
// figure beyond its bounds would make the whole file unreadable. Its row fails
// instead, and is named.
//
// # Why a machine's name may be given
//
// A pod's host name changes with each Job of Kubernetes, so the files of one
// node would count as several machines. The manifest of scripts/fleet gives the
// node's name by -host.
//
// # How its faults are tested
//
// TestKills stops runs at random moments, goes on with their files, and says
// how often at which moments. It prints the seed; THREADBENCH_SEED draws the
// same moments again:
//
//	THREADBENCH_KILLS=50 go test -v -run '^TestKills$' ./scripts/internal/suite
package suite
