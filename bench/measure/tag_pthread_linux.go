//go:build pthread && (amd64 || arm64)

package measure

// WithPthread says whether the tables have the cases of impl=pthread.
const WithPthread = true
