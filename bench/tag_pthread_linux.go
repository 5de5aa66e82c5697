//go:build pthread && (amd64 || arm64)

package bench

// withPthread: the tables hold the cases of impl=pthread.
const withPthread = true
