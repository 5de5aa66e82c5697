//go:build !(pthread && linux && (amd64 || arm64))

package measure

// WithPthread: the tables hold the cases of impl=pthread.
const WithPthread = false
