// # Why one process reads four n
//
// The four n grow in one process, and nothing is released in between. So the
// process at n is the one that would have been made for n. The intercept
// cancels exactly, and the row takes a quarter of the time. Rejected: one
// process for each n.
package stack
