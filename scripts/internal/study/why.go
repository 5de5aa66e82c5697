// # Why a study drives the gate and run
//
// What the gate and run do is tested, calibrated and held against plain
// programs. A study of its own making would be none of it. So a study is a list
// of command lines, and anybody can repeat one of its comparisons by hand.
//
// # Why every row takes every round
//
// The gate stops a row when it is decided. That is right for a verdict on one
// side, "not slower". A table of factors wants both sides alike: a row that got
// faster would stop at once, with a wide interval. -all-rounds gives all rows
// the rounds of the slowest, and the gate's looks still share its level.
//
// # Why the toolchains are constants
//
// "The newest" would be another study next month, under the same command. A
// newer patch is a change of definitions.go, and a study measured anew.
//
// # Why GOMAXPROCS has few rows
//
// A case sets its own GOMAXPROCS, and a side's environment overrides it. But
// most cases hold their worker on one CPU. A second P there is idle, and with an
// idle P sysmon looks around every 20 us, in the other side's turns. That would
// measure the instrument. So only rows whose workers have all CPUs are compared.
//
// # Why differences are kept apart from figures
//
// Floors are printed beside rows and never subtracted, since two figures that
// share a part need not add up. The study of a switch asks for the parts all
// the same. So its table and its picture keep what was measured, a row of its
// own, apart from what was inferred, the difference of two rows.
//
// # Why the profile of a PGO build isn't kept
//
// It holds the paths of the machine that made it. The command makes it anew
// before it measures.
package study
