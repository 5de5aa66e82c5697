// # Why a goroutine is made by go f(), with one f for all
//
// A loop that writes go func() { … }() makes a closure for each goroutine, 16
// bytes. It takes 1.15 times as long one at a time, and 1.3 times a hundred at
// a time. The thread arm has nothing of the kind. So the row is the least that
// a goroutine can cost, as the raw thread is the least of a thread.
//
// # Why Create takes place on one CPU
//
// On two CPUs a thread's first run is the wake-up of an idle CPU, and the row
// would be a lottery.
package create
