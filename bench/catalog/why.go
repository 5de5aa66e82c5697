// # Why an arm without a goroutine arm of its own refers to the nearest one
//
// futex refers to the channel. Two CPUs refer to the schedulers' free choice,
// since two goroutines cannot be held on two CPUs (name.go).
//
// # Why waiting in another way refers to the goroutine's own way
//
// natural (name.go) has Serve's mode=blocking refer to mode=poller, and Mixed's
// serial to together. So a thread blocked in read(2) is compared with what a Go
// program would do, and the goroutine blocked there is one more contender.
package catalog
