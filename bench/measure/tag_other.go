//go:build !(pthread && linux && (amd64 || arm64))

package measure

// WithPthread says whether the tables have the cases of impl=pthread.
const WithPthread = false
