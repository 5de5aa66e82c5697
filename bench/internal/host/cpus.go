package host

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An FS is the folder that holds proc and sys, "/" on the running system.
type FS string

const cpuDir = "sys/devices/system/cpu/"

// A CPU is one logical CPU and its kind. "" and 0 stand for what the system
// doesn't report.
type CPU struct {
	Number   int
	Type     string // "core" or "atom" (hybrid x86), "0x41-0xd0c" (implementer and part, arm64), "uniform" (the kernel knows no types)
	Capacity int    // computing capacity, 1,024 for the fastest CPU
	KHz      int    // the highest frequency
	Perf     int    // the highest performance on CPPC's scale, if no frequency is reported
}

// CPUs looks the CPUs up, in the order of the numbers.
func (fs FS) CPUs(numbers []int) []CPU {
	types := fs.types()
	if len(types) == 0 && fs.read(cpuDir+"online") != "" {
		for _, n := range numbers {
			types[n] = "uniform"
		}
	}
	var all []CPU
	for _, n := range numbers {
		c := CPU{Number: n, Type: types[n], Capacity: fs.number(n, "cpu_capacity"), KHz: fs.number(n, "cpufreq/cpuinfo_max_freq")}
		if c.KHz == 0 {
			c.Perf = fs.number(n, "acpi_cppc/highest_perf")
			nominal, mhz := fs.number(n, "acpi_cppc/nominal_perf"), fs.number(n, "acpi_cppc/nominal_freq")
			if c.Perf > 0 && nominal > 0 && mhz > 0 {
				c.KHz, c.Perf = c.Perf*mhz*1000/nominal, 0
			}
		}
		all = append(all, c)
	}
	return all
}

// types returns the CPUs' types by number. A hybrid x86 machine has a
// performance counter unit for each type, with a list of its CPUs. An arm64
// kernel gives each CPU's implementer and part.
func (fs FS) types() map[int]string {
	types := map[int]string{}
	note := func(file, name string) {
		cpus, _ := List(fs.read(file))
		for n := range cpus {
			types[n] = name
		}
	}
	for _, file := range fs.glob(cpuDir + "types/*/cpulist") { // intel_core_0
		name := strings.TrimPrefix(filepath.Base(filepath.Dir(file)), "intel_")
		name, _, _ = strings.Cut(name, "_")
		note(file, name)
	}
	for _, file := range fs.glob("sys/devices/cpu_*/cpus") {
		note(file, strings.TrimPrefix(filepath.Base(filepath.Dir(file)), "cpu_"))
	}
	if len(types) > 0 {
		return types
	}
	number, implementer := -1, ""
	for line := range strings.Lines(fs.read("proc/cpuinfo")) {
		key, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "processor":
			number, implementer = -1, ""
			if n, err := strconv.Atoi(value); err == nil {
				number = n
			}
		case "CPU implementer":
			implementer = value
		case "CPU part":
			if number >= 0 && implementer != "" {
				types[number] = implementer + "-" + value
			}
		}
	}
	return types
}

// Fastest returns the CPU to measure on: the one of the greatest capacity, then
// of the highest frequency, then of the better type, then of the highest
// number. It chooses an offline CPU only if all are offline.
func (fs FS) Fastest(numbers []int) int {
	online, known := List(fs.read(cpuDir + "online"))
	return slices.MaxFunc(fs.CPUs(numbers), func(a, b CPU) int {
		if on := online[a.Number]; known && on != online[b.Number] {
			return map[bool]int{true: 1, false: -1}[on]
		}
		return cmp.Or(cmp.Compare(a.Capacity, b.Capacity), cmp.Compare(a.KHz, b.KHz), cmp.Compare(a.Perf, b.Perf),
			cmp.Compare(rank[a.Type], rank[b.Type]), cmp.Compare(a.Number, b.Number))
	}).Number
}

// rank orders the types of a hybrid x86 machine; a third type, lowpower, ranks
// below both.
var rank = map[string]int{"core": 2, "atom": 1}

// Kin returns those of the others that are of the CPU's kind. They are in
// rising order, with those on its own core last: a hand-over to an SMT sibling
// is another measure than one to another core.
func (fs FS) Kin(cpu int, others []int) []int {
	own := fs.CPUs([]int{cpu})[0]
	siblings := fs.siblings(cpu)
	var near, far []int
	for _, c := range fs.CPUs(others) {
		switch {
		case !Alike(own, c):
		case siblings[c.Number]:
			near = append(near, c.Number)
		default:
			far = append(far, c.Number)
		}
	}
	slices.Sort(near)
	slices.Sort(far)
	return append(far, near...)
}

// Alike reports whether two CPUs are of one kind. Capacity and frequency may
// differ by a tenth: the best cores of a chip may run some per cent faster than
// others of the same make.
func Alike(a, b CPU) bool {
	near := func(x, y int) bool { return 10*max(x-y, y-x) <= max(x, y) }
	return a.Type == b.Type && near(a.Capacity, b.Capacity) && near(a.KHz, b.KHz) && near(a.Perf, b.Perf)
}

// Shares returns the closest thing that two CPUs share: "thread" for SMT
// siblings on one core; "L2" and the like for a data cache; "package"; or
// "nothing". It is "" if the system doesn't report it.
func (fs FS) Shares(a, b int) string {
	if fs.siblings(a)[b] {
		return "thread"
	}
	level := 0
	for _, index := range fs.glob(dirOf(a) + "cache/index*") {
		cpus, _ := List(fs.read(index + "/shared_cpu_list"))
		l, err := strconv.Atoi(fs.read(index + "/level"))
		if err == nil && cpus[b] && fs.read(index+"/type") != "Instruction" && (level == 0 || l < level) {
			level = l
		}
	}
	if level > 0 {
		return "L" + strconv.Itoa(level)
	}
	one, other := fs.read(dirOf(a)+"topology/physical_package_id"), fs.read(dirOf(b)+"topology/physical_package_id")
	switch {
	case one == "" || other == "":
		return ""
	case one == other:
		return "package"
	}
	return "nothing"
}

// siblings returns the CPUs on the CPU's core, itself included.
func (fs FS) siblings(cpu int) map[int]bool {
	set, _ := List(fs.read(dirOf(cpu) + "topology/thread_siblings_list"))
	return set
}

func dirOf(cpu int) string { return cpuDir + "cpu" + strconv.Itoa(cpu) + "/" }

// number returns the number in a file about the CPU, 0 if there is none.
func (fs FS) number(cpu int, file string) int {
	n, err := strconv.Atoi(fs.read(dirOf(cpu) + file))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// read returns a file's text, "" if it can't be read.
func (fs FS) read(name string) string {
	b, _ := os.ReadFile(filepath.Join(string(fs), name))
	return strings.TrimSpace(string(b))
}

// glob returns the files of a pattern, below the root.
func (fs FS) glob(pattern string) []string {
	// Glob fails only on a malformed pattern.
	names, _ := filepath.Glob(filepath.Join(string(fs), pattern))
	for i := range names {
		names[i], _ = filepath.Rel(string(fs), names[i])
	}
	return names
}

// List reads a list of CPUs like "0-3,8", cpuset(7), and reports whether it is
// one.
func List(s string) (map[int]bool, bool) {
	const most = 1 << 16 // beyond any kernel's NR_CPUS
	set := map[int]bool{}
	for part := range strings.SplitSeq(s, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, err := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if err != nil || err2 != nil || first < 0 || last < first || last >= most {
			return nil, false
		}
		for cpu := first; cpu <= last; cpu++ {
			set[cpu] = true
		}
	}
	return set, true
}

// Kind is what the configuration reports of a site's CPUs, "" for what the
// system doesn't report.
type Kind struct{ Kind, Capacity, MaxFreq, CrossShares string }

// KindOf looks up a site's CPUs below root.
func KindOf(numbers []int, root FS) Kind {
	cpus := root.CPUs(numbers)
	own := cpus[0]
	k := Kind{Kind: own.Type}
	if own.Capacity > 0 {
		k.Capacity = strconv.Itoa(own.Capacity)
	}
	switch {
	case own.KHz > 0:
		k.MaxFreq = strconv.Itoa((own.KHz+500)/1000) + "MHz"
	case own.Perf > 0:
		k.MaxFreq = "cppc-" + strconv.Itoa(own.Perf)
	}
	if len(cpus) == 1 {
		k.CrossShares = "one-cpu"
		return k
	}
	k.CrossShares = root.Shares(own.Number, cpus[1].Number)
	if !Alike(own, cpus[1]) {
		if k.CrossShares == "" {
			k.CrossShares = unknown
		}
		k.CrossShares += "+other-kind"
	}
	return k
}
