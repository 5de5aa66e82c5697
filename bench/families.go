package bench

import (
	"threadbench/bench/internal/balance"
	"threadbench/bench/internal/block"
	"threadbench/bench/internal/create"
	"threadbench/bench/internal/delegate"
	"threadbench/bench/internal/gc"
	"threadbench/bench/internal/mixed"
	"threadbench/bench/internal/pipeline"
	"threadbench/bench/internal/scale"
	"threadbench/bench/internal/serve"
	"threadbench/bench/internal/stack"
	"threadbench/bench/internal/stackgrow"
	"threadbench/bench/internal/start"
	"threadbench/bench/internal/switching"
	"threadbench/bench/internal/wakeup"
	"threadbench/bench/measure"
)

// Families are all the families, in the order of every table.
var Families = measure.Families{
	create.Family,
	stack.Family,
	stackgrow.Family,
	switching.Family,
	scale.Family,
	block.Family,
	serve.Family,
	mixed.Family,
	wakeup.Family,
	balance.Family,
	gc.Family,
	pipeline.Family,
	delegate.Family,
	start.Family,
}
