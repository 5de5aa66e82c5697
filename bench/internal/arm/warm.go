package arm

// The warm-up off the clock, in ops: until the thread that released the task
// has gone to sleep, about 0.1 ms.
const (
	WarmGoroutine = 200
	WarmThread    = 64
)
