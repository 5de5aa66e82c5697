package host

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
	"threadbench/threads/cgroup"
)

// readFacts asks the running system.
func readFacts() facts {
	h := FS("/").facts()
	// Not from /proc/self/timerslack_ns: only the thread that the file
	// describes, the first one, may read it.
	if ns, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err == nil {
		h.timerslack = strconv.Itoa(ns) + "ns"
	}
	h.affinity = affinity()
	return h
}

// affinity says whether this system lets a process choose its CPUs: it sets a
// thread's mask to its present value.
func affinity() string {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	set := unix.NewCPUSet(lockstep.MostCPUs)
	if unix.SchedGetaffinityDynamic(0, set) != nil || unix.SchedSetaffinityDynamic(0, set) != nil {
		return "no"
	}
	return "yes"
}

// facts reads the files.
//
// It also reads the fields that prometheus/procfs has. That library imports
// net, and net links cgo wherever there is a C compiler: then the locked arms
// would be pthreads.
func (fs FS) facts() facts {
	cpuinfo := fs.read("proc/cpuinfo")
	status := fs.read("proc/self/status")
	h := facts{
		kernel:       fs.read("proc/sys/kernel/osrelease"),
		cpu:          cpuName(cpuinfo),
		cpus:         cpus(field(status, "Cpus_allowed_list"), fs.read("sys/devices/system/cpu/online")),
		memory:       memTotal(fs.read("proc/meminfo")),
		thp:          bracketed(fs.read("sys/kernel/mm/transparent_hugepage/enabled"), "[", "]"),
		clocksource:  fs.read("sys/devices/system/clocksource/clocksource0/current_clocksource"),
		governor:     fs.governor(),
		virt:         fs.virt(cpuinfo),
		mitigations:  fs.mitigations(),
		spectreV2:    fs.read(vulnerabilities + "spectre_v2"),
		retbleed:     fs.read(vulnerabilities + "retbleed"),
		srso:         fs.read(vulnerabilities + "spec_rstack_overflow"),
		preempt:      preempt(fs.read("sys/kernel/debug/sched/preempt"), fs.read("proc/sys/kernel/version")),
		smt:          fs.read("sys/devices/system/cpu/smt/control"),
		cgroupCPU:    fs.tightest("cpu", cgroup.CPUs, func(n float64) string { return strconv.FormatFloat(math.Round(n*100)/100, 'f', -1, 64) }),
		cgroupMemory: fs.tightest("memory", limit("memory.max", "memory.limit_in_bytes"), func(n float64) string { return size(uint64(n)) }),
		cgroupPids:   fs.tightest("pids", limit("pids.max"), func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }),
	}
	switch field(status, "Seccomp") { // PR_GET_SECCOMP(2const)
	case "0":
		h.seccomp = "off"
	case "1":
		h.seccomp = "strict"
	case "2":
		h.seccomp = "filter"
	}
	return h
}

// field returns the value of the first line "key: value", "" for none.
func field(text, key string) string {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// bracketed returns the word that a kernel file marks as chosen.
func bracketed(text, left, right string) string {
	_, after, _ := strings.Cut(text, left)
	word, _, ok := strings.Cut(after, right)
	if !ok {
		return ""
	}
	return word
}

// cpuName returns the model's name. An arm64 kernel gives the numbers of the
// implementer and the part instead.
func cpuName(cpuinfo string) string {
	if name := field(cpuinfo, "model name"); name != "" {
		return name
	}
	implementer, part := field(cpuinfo, "CPU implementer"), field(cpuinfo, "CPU part")
	if implementer == "" || part == "" {
		return ""
	}
	return "implementer " + implementer + " part " + part
}

// cpus counts the CPUs that this process may use: "2", or "1-of-2" if more
// are online.
func cpus(allowed, online string) string {
	may, ok := List(allowed)
	all, ok2 := List(online)
	if !ok || !ok2 {
		return ""
	}
	// The mask of a process that was never restricted may contain CPUs that
	// could still be plugged in.
	n := 0
	for cpu := range may {
		if all[cpu] {
			n++
		}
	}
	if n == len(all) {
		return strconv.Itoa(n)
	}
	return strconv.Itoa(n) + "-of-" + strconv.Itoa(len(all))
}

func memTotal(meminfo string) string {
	kib, err := strconv.ParseUint(strings.TrimSuffix(field(meminfo, "MemTotal"), " kB"), 10, 54)
	if err != nil {
		return ""
	}
	return size(kib << 10)
}

// governor returns the frequency governor of the CPUs, or "none" on a kernel
// that leaves their frequency alone, such as a guest's.
func (fs FS) governor() string {
	var names []string
	for _, file := range fs.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor") {
		names = append(names, fs.read(file))
	}
	if len(names) == 0 && len(fs.glob("sys/devices/system/cpu")) > 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "+")
}

const vulnerabilities = "sys/devices/system/cpu/vulnerabilities/"

// mitigations returns the names of the vulnerabilities that the kernel
// mitigates, each at some cost to a system call or a context switch.
func (fs FS) mitigations() string {
	files := fs.glob(vulnerabilities + "*")
	if len(files) == 0 {
		return ""
	}
	var names []string
	for _, file := range files {
		if strings.HasPrefix(fs.read(file), "Mitigation:") {
			names = append(names, filepath.Base(file))
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "+")
}

// preempt returns the kernel's preemption model: the one in force if debugfs is
// readable (by root), else the one that the kernel was built with. "dynamic"
// among those leaves the choice to the kernel's command line.
func preempt(debugfs, version string) string {
	if mode := bracketed(debugfs, "(", ")"); mode != "" {
		return mode
	}
	if version == "" {
		return ""
	}
	for _, word := range strings.Fields(version) {
		if word == "PREEMPT" {
			return "full"
		}
		if mode, ok := strings.CutPrefix(word, "PREEMPT_"); ok {
			return strings.ToLower(mode)
		}
	}
	return "none-or-voluntary" // the version names neither
}

// hypervisors maps a guest's hints about its hypervisor to a name. The first
// hint in this order decides: a clock source says more than a vendor.
var hypervisors = []struct{ hint, name string }{
	{"xen", "xen"},
	{"kvm", "kvm"},
	{"hyperv", "hyperv"},
	{"microsoft corporation virtual machine", "hyperv"},
	{"vmware", "vmware"},
	{"virtualbox", "virtualbox"},
	{"parallels", "parallels"},
	{"apple virtualization", "apple"},
	{"qemu", "qemu"},
	{"amazon ec2", "ec2"},
	{"google compute engine", "gce"},
}

// virt names the hypervisor: "vm" if it gives no name, "none" if the CPU
// reports none. "+container" is added if this process lives in a process
// namespace of its own.
func (fs FS) virt(cpuinfo string) string {
	v := fs.hypervisor(cpuinfo)
	const initial = "pid:[4026531836]" // PROC_PID_INIT_INO, the same on every kernel
	ns, err := os.Readlink(filepath.Join(string(fs), "proc/self/ns/pid"))
	if err != nil || ns == initial {
		return v
	}
	if v == "" {
		v = unknown
	}
	return v + "+container"
}

func (fs FS) hypervisor(cpuinfo string) string {
	// The models that qemu gives a CPU of its own making: "QEMU TCG CPU", on arm64 "max".
	if name := cpuName(cpuinfo); strings.Contains(name, "QEMU TCG") || name == "implementer 0x00 part 0x051" {
		return emulated
	}
	flags := strings.Fields(field(cpuinfo, "flags")) // x86 only
	guest := slices.Contains(flags, "hypervisor")
	if len(flags) > 0 && !guest {
		return "none"
	}
	var hints []string
	for _, file := range []string{
		"sys/hypervisor/type",
		"sys/devices/system/clocksource/clocksource0/available_clocksource",
		"proc/device-tree/hypervisor/compatible",
		"sys/class/dmi/id/sys_vendor",
		"sys/class/dmi/id/product_name",
	} {
		hints = append(hints, fs.read(file))
	}
	text := strings.ToLower(strings.Join(hints, " "))
	for _, h := range hypervisors {
		if strings.Contains(text, h.hint) {
			return h.name
		}
	}
	if guest {
		return "vm"
	}
	return ""
}

// tightest returns the least of a limit's values in the control groups that
// bind this process, "max" if none sets one, "" if they can't be read.
func (fs FS) tightest(controller string, read func(dir string) (float64, error), format func(float64) string) string {
	dirs, err := cgroup.FS{Root: string(fs)}.Paths(controller)
	if err != nil {
		return ""
	}
	least := math.Inf(1)
	for _, dir := range dirs {
		v, err := read(dir)
		if err != nil {
			return ""
		}
		least = min(least, v)
	}
	if math.IsInf(least, 1) {
		return "max"
	}
	return format(least)
}

// limit returns a function that reads a group's limit from the first of the
// files that exists, +Inf if it is not set.
func limit(files ...string) func(dir string) (float64, error) {
	return func(dir string) (float64, error) {
		v, err := cgroup.Read(dir, files...)
		if v == cgroup.Unlimited {
			return math.Inf(1), err
		}
		return float64(v), err
	}
}
