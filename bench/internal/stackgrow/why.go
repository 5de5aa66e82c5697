// # Why mode=cold keeps every task alive
//
// A goroutine's stack is fresh only if every other goroutine is alive.
// mode=cold keeps all of them at their depth. A goroutine's last stack is then
// made of memory that the process has never touched, page faults included, as a
// new thread's is. The smaller stacks that it grows through are those that the
// goroutine before it outgrew.
//
// With goroutines that end, the next one's stack is the last one's
// (mode=reused). That is another measure, and most published figures are that
// one. adaptivestackstart helps reused goroutines only: a new goroutine starts
// at 2 KiB (runtime/proc.go, malg in newproc1), which mode=default shows.
package stackgrow
