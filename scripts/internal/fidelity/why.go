// # Why the judges are plain programs by somebody else
//
// Their authors wrote C and testing loops from the manual pages (outside), and
// had not seen our loops. Four judges came later, when the first had shown what
// differs: hand-offs through functions that return, and goroutines without a
// closure each. Rejected: a worker in C that did what our bodies do. It agreed
// with them within 1% while both read 30% above a plain loop, since both had a
// call in each hand-off.
//
// A judge knows no turns, so an adapter stops it by SIGSTOP and resumes it by
// SIGCONT. The adapter drops the batch that a stop falls into.
//
// # How rows and judges are measured
//
// Every ratio is expected within 1 ± 0.03, in both ways:
//
//	way                  ours                                        the judge
//	in turns             slices of 1.5 ms, as run takes them         stopped and resumed between its turns
//	as go test -bench    a process with -test.benchtime 0.2s         a process of about as long
//
// Judges in Go take turns of 10 ms: package testing collects garbage before
// each batch, and a short batch just after reads some per cent more. They, and
// our rows beside them, are linked in another layout for each round. The
// command also holds turns of 1.5 ms against runs of 100 ms, and uses "perf
// bench sched pipe -T" as a judge where perf is installed. A new pair is a line
// in pairs.go.
package fidelity
