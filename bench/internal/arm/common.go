package arm

// RoundUp is the least multiple of batch that is no less than n.
func RoundUp(n, batch int) int { return (n + batch - 1) / batch * batch }

// Still keeps the runtime still: no collection, no adapting start of stacks.
var Still = []string{"GOGC=off", "GODEBUG=adaptivestackstart=0"}

// AsItIs has the runtime do both, as it does for everybody.
var AsItIs = []string{"GOGC=100", "GODEBUG=adaptivestackstart=1"}

// The warm-up off the clock, in ops: until the thread that released the task
// has gone to sleep, about 0.1 ms.
const (
	WarmGoroutine = 200
	WarmThread    = 64
)
