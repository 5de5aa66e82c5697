// # Why a locked goroutine that blocks in the kernel has a P of its own
//
// via=futex and via=pipe run with GOMAXPROCS=2 on one CPU. With one P for two
// goroutines, the blocked one keeps it until sysmon takes it away 20 us later.
// The row would then measure sysmon. The locked arm's pipe is a blocking
// read(2) and not the poller: the arm is there to measure a thread that waits.
//
// # Why its turns are 50 ms long
//
// How often sysmon looks depends on what it found in the time before. In slices
// of 1.5 ms sysmon has slept until the turn began, and the row reads 1.17 of
// turns of 60 ms. With a worker that keeps its sysmon awake, the slices read
// 0.66. So the worker of such a row has a turn of 50 ms in one lap of ten
// (Case.Turn).
package switching
