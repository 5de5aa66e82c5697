package bench

// All are all the families, in the order of every table.
var All = Families{createFamily, stackFamily, stackGrowFamily, switchFamily, scaleFamily, blockFamily, serveFamily, mixedFamily, wakeupFamily, balanceFamily, gcFamily, pipelineFamily, startFamily}
