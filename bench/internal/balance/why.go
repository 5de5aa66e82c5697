// # Why the ideal is measured while all CPUs work
//
// Each CPU does an equal share of the list, before and after each list. The
// list done alone on one CPU would have a faster clock, or a core to itself,
// and would charge every arm with the difference. Five lists run in one
// process, so that no single list's luck decides.
package balance
