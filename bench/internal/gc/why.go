// # Why the figure is the runtime's stamp, not the watcher's
//
// A goroutine at work can't tell the stopped world from a mark worker that was
// given its P first, or from the kernel's preemption. It can't have run during
// the stop, and that is the check.
//
// Four fifths of a stop are the stopping of that watcher. The runtime counts
// stops in buckets up to a quarter wide. So stood-least-ns and stood-most-ns
// take off the buckets' upper ends and their lower ends, and the ledger's ratio
// has two bounds.
//
// The watcher calls a function for each stamp. Around assembly alone it held up
// every stop by 4 ms.
package gc
