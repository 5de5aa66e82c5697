package catalog

// Serve measures an echo server with many connections.
var Serve = Family{
	Name:    "Serve",
	Op:      "one request of 64 bytes answered on one of the active connections",
	Primary: []string{"cpu-ns/op"},
	Beside:  []string{"both-cpu-ns/op", "req/s", "client-req/s", "client-share", "p50-ns", "p99-ns", "p999-ns", "late-ns", "threads", "user-B/task", "kernel-B/task"},
	Read: "An echo server on one CPU holds n TCP connections, of which one in ten is active. Its client has another CPU. " +
		"In mode=poller a goroutine waits through the runtime's poller, as with package net: locked thread, mode=poller is a goroutine per connection that calls runtime.LockOSThread. In mode=blocking each task waits in read(2), which holds its thread. " +
		"A closed loop gives cpu-ns/op, the CPU time of the server, and req/s. both-cpu-ns/op adds the CPU time of the client, which does the waking. " +
		"An open loop gives the percentiles, from the instant at which each request should be sent. It sends 1,000 requests a second on each active connection, and at most 5,000 in all. With n=10 the percentiles are of 200 requests, else of 1,000. " +
		"threads and the bytes are of all n connections. client-req/s is the client's own ceiling, and client-share how busy the client was. " +
		"Where client-share is 0.75 or more the client is the limit, and req/s is left out: compare cpu-ns/op and both-cpu-ns/op there. With 10 active connections or more that is nearly always so. So this family can't tell how many requests a server can answer. " +
		"It favours the goroutine in that one CPU serves all: the kernel has to switch between threads.",
	Wordings: []Wording{
		{Impl: "goroutine", Mode: "blocking",
			Says: "Answering a request on one of {n} connections takes a goroutine that blocks in read(2) {x} as much CPU time as one that waits through the poller",
			Same: "Answering a request on one of {n} connections, goroutines that block in read(2) and such as wait through the poller: no difference seen, {x} as much CPU time",
			Less: "less"},
		{Impl: "locked", Mode: "poller",
			Says: "Answering a request on one of {n} connections takes a locked thread that waits through the poller {x} as much CPU time as a goroutine that does",
			Same: "Answering a request on one of {n} connections, locked threads and goroutines that wait through the poller: no difference seen, {x} as much CPU time",
			Less: "less"},
		{Impl: "locked", Mode: "blocking",
			Says: "Answering a request on one of {n} connections takes a locked thread that blocks in read(2) {x} as much CPU time as a goroutine that waits through the poller",
			Same: "Answering a request on one of {n} connections, locked threads that block in read(2) and goroutines that wait through the poller: no difference seen, {x} as much CPU time",
			Less: "less"},
		{Impl: "floor",
			Says: "Answering a request on one of {n} connections takes one loop for all of them {x} as much CPU time as {ref one} for each",
			Same: "Answering a request on one of {n} connections, one loop for all of them and {ref one} for each: no difference seen, {x} as much CPU time",
			Less: "less"},
		{
			Says: "Answering a request on one of {n} connections takes {one} for each {x} as much CPU time as {ref one}",
			Same: "Answering a request on one of {n} connections, {one} and {ref one} for each: no difference seen, {x} as much CPU time",
			Less: "less"},
	},
	Answer: &Answer{
		Does: "serve a request, CPU", More: "as much", Less: "less",
		Rows: []string{"Serve/impl=locked/mode=poller/n=1000", "Serve/impl=clone/mode=blocking/n=1000"},
	},
}
