// # Why a pipeline is measured on one CPU
//
// With several CPUs, stages that work at the same time hide what handing an
// item on costs.
//
// # Why the crossover is a search
//
// The pipeline and the direct call take turns in one process. The crossover is
// found by a bracket, two halvings and a line. A fit over many sizes would
// presume that a hand-off costs the same whatever the work.
//
// # Why buffers are measured in flow
//
// A pipeline of raw threads that were asleep takes some 0.8 ms until it does
// more than an item or two at a time. In turns of 1.5 ms that was two thirds of
// the figure: 2.5 us an item, and more with a shorter turn. So the clock begins
// after 1,024 items, while they flow, and a turn has 8,192: 815 ns, the same in
// each round.
package pipeline
