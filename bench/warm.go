package bench

// The warm-up off the clock, in ops: until the thread that released the task
// has gone to sleep, about 0.1 ms.
const (
	warmGoroutine = 200
	warmThread    = 64
)
