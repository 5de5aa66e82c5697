package arm

// Still keeps the runtime still: no collection, no adapting start of stacks.
var Still = []string{"GOGC=off", "GODEBUG=adaptivestackstart=0"}

// AsItIs has the runtime do both, as it does for everybody.
var AsItIs = []string{"GOGC=100", "GODEBUG=adaptivestackstart=1"}
