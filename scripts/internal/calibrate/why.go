// # Why the gate itself is calibrated, not a copy of it
//
// A run is one of the gate's command line (gate.Measure), with its own builds,
// pilot, seed, layouts, control and verdict. Rejected: layouts drawn from a
// pool of 64 that was linked once for many runs. It saved a third of the time,
// and the runs shared what was odd in the pool.
//
// # Why unchanged code is measured in two ways
//
// The gate would pass two equal sides without a measurement. So the sides
// differ in an environment variable that nothing reads, by values of one
// length. In half of these runs head shares base's layout, as where only an
// environment changes. In the other half head has layouts of its own, as other
// code has. A gate meets both. Slower code is other code, so there head always
// has its own.
//
// # Why a slowdown of foreign code is an overlay of its sources
//
// Each loop over b.N gets a counter, and repeats its body in every 20th
// iteration for 5% (go build -overlay, set by GOFLAGS). Base runs the same code
// with another constant, so the counter's own nanosecond is on both sides. Two
// repeats are 19 and 21 iterations apart in turn: otherwise a benchmark whose
// odd and even iterations differ would repeat one sort only. Rejected: a delay,
// which slows code down but is none of it; and a counter in head alone, which
// reads 15% in a loop of 13 ns.
//
// # Why a rate is a count of real runs
//
// It has Clopper and Pearson's bound, and what an injected slowdown reads
// stands beside what was found. Rejected: rounds drawn again by the bootstrap,
// which can't know what moves a whole run alike; and margins widened by what
// calibration finds, which let pass in silence what a reader believes is
// caught. The data don't keep the rounds' figures either: the gate decides
// while it measures, so they can't answer what another gate would have said.
//
// # Why only calibrate reads its data
//
// results/calibration.md is what they say. How small a change a run could have
// seen stands in the gate's report anyway, from that run's own rounds.
// Rejected: the same tables on the report's page; and a line about them in the
// gate's report, which was empty on every machine that had not been calibrated
// for hours.
package calibrate
