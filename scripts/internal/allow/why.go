// # Why a build that distorts figures is refused by its own settings
//
// GOFLAGS can hold -race, -cover or -gcflags unseen. So this package reads the
// settings that the go command recorded in the binary, and not the environment. Any
// -gcflags is refused, since the harmless flags of the compiler change from release to
// release. -ldflags, -pgo and -buildmode pass, and stand in the key build. The gate
// accepts any build of a foreign package. go test -bench can't refuse a build: it
// warns on standard error, and the key build has the flags.
package allow
