// # Why the pacer is a raw thread of another process
//
// A Go pacer has a scheduler of its own to be late by, and in the task's
// process it would keep its poller or its monitor awake. So this binary starts
// again as the pacer, and sends back its stamps. On idle CPUs the pacer's own
// delay is most of the task's. So wake-ns is from its stamp before the write to
// the task's stamp of that byte.
//
// The process whose timers are to have another slack starts itself anew: a
// thread inherits its slack, and no other thread may set it.
package wakeup
