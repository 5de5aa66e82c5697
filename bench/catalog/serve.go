package catalog

// Serve is the family of that name.
var Serve = Family{
	Name:    "Serve",
	Op:      "one request of 64 bytes answered on one of the active connections",
	Primary: []string{"cpu-ns/op"},
	Beside:  []string{"both-cpu-ns/op", "req/s", "client-req/s", "client-share", "p50-ns", "p99-ns", "p999-ns", "late-ns", "threads", "user-B/task", "kernel-B/task"},
	Read: "An echo server holds n TCP connections, one in ten of them active, on one CPU; its client has another. " +
		"cpu-ns/op, the CPU time of the server, both-cpu-ns/op, that of its client besides, which does the waking, and req/s are of a closed loop, the percentiles of an open one, at 1,000 requests a second for each active connection and 5,000 at the most, from the instant at which each was to be sent; with n=10 they are of 200 requests, else of 1,000. " +
		"threads and the bytes are of all n connections. client-req/s is the client's own ceiling, and client-share how busy the client was. Where that is 0.75 or more the client is the limit, and req/s is left out: compare cpu-ns/op and both-cpu-ns/op there. With 10 active connections or more one client is nearly always the limit, so this family can't tell how many requests a server can answer. " +
		"It favours the goroutine in that one CPU serves all: threads that wait for one another's CPU are switched by the kernel.",
	Wordings: []Wording{
		{Impl: "goroutine", Mode: "blocking",
			Says: "Answering a request on one of {n} connections takes a goroutine that blocks in read(2) {x} as much CPU time as one that waits through the poller",
			Same: "Answering a request on one of {n} connections, goroutines that block in read(2) and such as wait through the poller: no difference seen, {x} as much CPU time",
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
		Rows: []string{"Serve/impl=locked/mode=blocking/n=1000", "Serve/impl=clone/mode=blocking/n=1000"},
	},
}
