//go:build !linux

package host

import (
	"runtime"
	"strconv"
)

// readFacts knows the number of CPUs, and that no process can be pinned.
func readFacts() facts {
	return facts{cpus: strconv.Itoa(runtime.NumCPU()), affinity: "no"}
}
