// # Why a statement has one set of conditions, all of which must hold
//
// The conditions (statements.go) are an intersection-union test, so they cost
// nothing to what holds; what fails by any of them pays for their number. Holm
// counts all statements of the ledger, whether or not the file has them. So a
// verdict doesn't depend on what else was measured. Rejected: verdicts from
// intervals alone, which 17 statements at 95% each would get wrong half of the
// time.
//
// A statement may have a smaller form, for a run that has little time: 10,000
// goroutines in the place of a million. It decides where a file lacks a row of
// the whole, and the verdict says so. Which rows there are chooses the form,
// never what they say.
//
// # Why a claim is a figure, and evidence is identity
//
// Evidence shows that each task was there, ran and answered. How many threads
// or system calls that took is for the ledger to judge. Where evidence refused
// a goroutine that took a thread, a statement could read missing and never
// fails. The families' tests measure arms whose mechanism is broken
// (bench/internal/broken), and the ledger's test sees each of them fail.
//
// # Why a run until decided looks at stated rounds
//
// Each of five looks is allowed a fifth of the error, by Bonferroni, and Holm
// at a look is over what is undecided (looks.go). That needs nothing of the
// figures but what a signed-rank test needs. The file's plan has the looks, and
// reader and run decide by the same function. Budget and speed only end a run,
// between looks or before one. Rejected: boundaries of Pocock or O'Brien and
// Fleming, which presume normal increments; looks when time allows, since a
// reader couldn't tell that they were stated beforehand.
//
// # Why the unit of several files is the machine
//
// A machine is a host with its CPU, kernel and Go (machines.go). Verdicts of
// machines are counted, and figures have a range. No p-value is taken over
// machines, which nobody drew from a population. Of a machine's files one
// counts, by its number of rounds and its date, since a choice by the verdict
// would be another test.
//
// Rejected: to pool the rounds of a machine's files, since what moves a whole
// run would pass for noise of a round; and to count files, since a run done
// twice is no second machine.
package claims
