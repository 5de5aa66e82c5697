//go:build !linux

package bench

import (
	"runtime"
	"strconv"
)

// readHost knows the number of CPUs, and that no process can be pinned.
func readHost() host {
	return host{cpus: strconv.Itoa(runtime.NumCPU()), affinity: "no"}
}
