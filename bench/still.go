package bench

// still keeps the runtime still: no collection, no adapting start of stacks.
var still = []string{"GOGC=off", "GODEBUG=adaptivestackstart=0"}

// asItIs has the runtime do both, as it does for everybody.
var asItIs = []string{"GOGC=100", "GODEBUG=adaptivestackstart=1"}
