package arm

// RoundUp returns n rounded up to a multiple of batch.
func RoundUp(n, batch int) int { return (n + batch - 1) / batch * batch }

// Still keeps the runtime still: no garbage collection, no adapted start of
// stacks.
var Still = []string{"GOGC=off", "GODEBUG=adaptivestackstart=0"}

// AsItIs leaves both on, as they are by default.
var AsItIs = []string{"GOGC=100", "GODEBUG=adaptivestackstart=1"}

// The warm-up off the clock, in ops: about 0.1 ms, until the thread that
// released the task has gone to sleep.
const (
	WarmGoroutine = 200
	WarmThread    = 64
)
