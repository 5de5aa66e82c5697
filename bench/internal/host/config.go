// Package host reads what the system reports of the machine and of this
// process: the configuration of a results file, CPUs and their kinds, memory,
// CPU time, counters, and where a disk is. It imports catalog, lockstep and
// threads/cgroup.
//
// Files are read below a root, so that tests have trees of their own. What a
// system doesn't report is not an error: it is unknown, and then all CPUs are
// alike. A guest sees what its hypervisor makes up.
package host

import (
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Setting is one line "key: value" of a results file's configuration.
type Setting struct{ Key, Value string }

// unknown is the value of what this system doesn't report.
const unknown = "unknown"

// Configuration describes what the figures depend on, as far as it is the same
// for a whole results file: the driver ("lockstep" or "testing"), the binary,
// the machine, the site, the kernel, and the limits on this process. The keys
// and their order are the same everywhere. Only inject is there just where
// workers are slowed down on purpose. No value contains a space, and a value
// that this system doesn't report is "unknown". Under "testing" the keys goos,
// goarch and cpu are left out, since package testing writes its own before the
// first result (cpu if it knows the model's name).
//
// timer is the result of [TimerCost], 0 for none. The file has it rounded to 1,
// 2 or 5 times a power of ten. That distinguishes a clock that is read in user
// space from one that needs a system call, and files of one machine agree.
//
// The configuration gives the site's CPUs by their kind and by what they share,
// not by their numbers. A file of CPU 1 and one of CPU 2 of the same kind can
// be compared, and with numbers benchstat would make two tables of them. A
// comment gives the numbers (see measure.WriteHead).
//
// Call it once, when the run begins: a garbage collection may change
// starting-stack.
func Configuration(driver string, timer time.Duration, cpus []int) []Setting {
	h := readFacts()
	cpu := KindOf(cpus, "/")
	build := BuildSettings()
	arch := "go" + runtime.GOARCH
	settings := []Setting{
		{"driver", driver},
		{"goos", runtime.GOOS},
		{"goarch", runtime.GOARCH},
		{"kernel", h.kernel},
		{"go", runtime.Version()},
		{"goexperiment", build.get("GOEXPERIMENT", "none")},
		{"godebug", build.godebug(os.Getenv("GODEBUG"))},
		{arch, build.get(strings.ToUpper(arch), unknown)},
		{"build", build.flags()},
		{"cgo", Cgo()},
		{"cpu", h.cpu},
		{"cpus", h.cpus},
		{"cpu-type", cpu.Kind},
		{"cpu-capacity", cpu.Capacity},
		{"cpu-max-freq", cpu.MaxFreq},
		{"cross-shares", cpu.CrossShares},
		{"memory", h.memory},
		{"page-size", strconv.Itoa(os.Getpagesize()) + "B"},
		{"thp", h.thp},
		{"clocksource", h.clocksource},
		{"timer-ns", timerNS(timer)},
		{"timerslack", h.timerslack},
		{"governor", h.governor},
		{"virt", h.virt},
		{"mitigations", h.mitigations},
		{"spectre-v2", h.spectreV2},
		{"retbleed", h.retbleed},
		{"spec-rstack-overflow", h.srso},
		{"preempt", h.preempt},
		{"smt", h.smt},
		{"seccomp", h.seccomp},
		{"cgroup-cpu", h.cgroupCPU},
		{"cgroup-memory", h.cgroupMemory},
		{"cgroup-pids", h.cgroupPids},
		{"gogc", metric("/gc/gogc:percent", func(v uint64) string {
			if v == math.MaxUint64 {
				return "off"
			}
			return strconv.FormatUint(v, 10)
		})},
		{"gomemlimit", metric("/gc/gomemlimit:bytes", func(v uint64) string {
			if v == math.MaxInt64 {
				return "off"
			}
			return size(v)
		})},
		{"starting-stack", metric(StackStarts, func(v uint64) string {
			return strconv.FormatUint(v, 10) + "B"
		})},
		{"affinity", h.affinity},
	}
	for i := range settings {
		settings[i].Value = Clean(settings[i].Value)
	}
	if driver == "testing" {
		settings = slices.DeleteFunc(settings, func(s Setting) bool {
			return s.Key == "goos" || s.Key == "goarch" || s.Key == "cpu"
		})
	}
	return settings
}

// TimerCost measures the cost of one time.Now, once for a file, before anything
// else. It is the median over batches of 1,000 calls during 50 ms, so that a
// disturbance of some milliseconds does not decide. It is 0 if the clock's step
// is longer than a batch.
func TimerCost() time.Duration {
	const calls = 1000
	var costs []time.Duration
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; {
		start := time.Now()
		last := start
		for range calls {
			last = time.Now()
		}
		costs = append(costs, last.Sub(start)/calls)
	}
	slices.Sort(costs)
	return costs[len(costs)/2]
}

// timerNS rounds to the nearest of 1, 2, 5, 10, 20, … by ratio.
func timerNS(timer time.Duration) string {
	if timer <= 0 {
		return unknown
	}
	power := math.Pow(10, math.Floor(math.Log10(float64(timer))))
	best := power
	for _, step := range []float64{2, 5, 10} {
		if next := step * power; float64(timer) > math.Sqrt(best*next) {
			best = next
		}
	}
	return strconv.FormatFloat(best, 'f', -1, 64)
}

// Clean makes a value fit for a configuration line: each gap between its
// printable words becomes one hyphen, and an empty value becomes "unknown".
func Clean(value string) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(value, " "), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	})
	if len(words) == 0 {
		return unknown
	}
	return strings.Join(words, "-")
}

// size writes bytes for a reader: "512MiB", "23.5GiB".
func size(bytes uint64) string {
	const gib = 1 << 30
	if bytes < gib {
		return strconv.FormatUint(bytes>>20, 10) + "MiB"
	}
	return strconv.FormatFloat(math.Round(float64(bytes)/gib*10)/10, 'f', -1, 64) + "GiB"
}

// metric reads a number of package runtime/metrics, "" if this Go release has
// no metric of that name.
func metric(name string, format func(uint64) string) string {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return ""
	}
	return format(s[0].Value.Uint64())
}

// Cgo says whether cgo is linked into this binary, and so whether the runtime
// makes its threads through pthread_create. CGO_ENABLED among the build
// settings says only that cgo was allowed. A runtime with cgo makes one cgo
// call before any init function runs (_cgo_notify_runtime_init_done in
// runtime.main). A runtime without cgo can't make any. On Windows, Solaris and
// illumos, though, system calls count as cgo calls.
func Cgo() string {
	switch runtime.GOOS {
	case "windows", "solaris", "illumos":
		return unknown
	}
	if runtime.NumCgoCall() > 0 {
		return "linked"
	}
	return "off"
}

// emulated is the hypervisor's name (key virt) where software makes the CPU.
const emulated = "tcg"

// Emulated reports whether this process runs on a CPU that qemu emulates, so
// that times mean nothing: an instruction takes what its translation takes.
func Emulated() bool {
	name, _, _ := strings.Cut(readFacts().virt, "+")
	return name == emulated
}

// facts are what the operating system reports of itself and of the limits on
// this process, "" where it doesn't.
type facts struct {
	kernel, cpu, cpus, memory, thp, clocksource, timerslack, governor string
	virt, mitigations, preempt, smt, seccomp                          string
	spectreV2, retbleed, srso                                         string // as the kernel words them
	cgroupCPU, cgroupMemory, cgroupPids                               string
	affinity                                                          string
}
