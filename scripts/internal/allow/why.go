// # Why a build that distorts figures is refused by its own settings
//
// GOFLAGS can hold -race, -cover or -gcflags and nobody sees it. So what the go
// command left in the binary is read, not the environment. Any -gcflags is
// refused, since which of the compiler's flags are harmless changes from
// release to release. -ldflags, -pgo and -buildmode pass, and are in the key
// build. The gate takes any build of a foreign package. go test -bench can't
// refuse: it warns on standard error, and build says it.
package allow
