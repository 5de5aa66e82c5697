// # Why the first pass is a figure of its own
//
// A process that has made a thousand tasks makes the next thousand several
// times faster. One pass of a million beside a thousand passes of one would
// compare memory never touched with memory in the cache. So ns/op is of the
// passes after the first, and cold-ns is of the first. Threads are never made
// of older ones, so there one pass is enough.
//
// # Why a shared limit keeps a quarter free
//
// If Scale made threads up to kernel.pid_max, nobody else on the machine could
// start a process meanwhile. So Scale leaves others a quarter of a limit that
// they share.
package scale
