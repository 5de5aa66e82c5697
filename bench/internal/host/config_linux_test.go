package host

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/internal/armtest"
)

const (
	cpuFolder = "sys/devices/system/cpu/"
	clockDir  = "sys/devices/system/clocksource/clocksource0/"
)

func TestFactsAt(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  facts
	}{
		{
			name: "nothing readable",
		},
		{
			name: "bare metal, cgroup version 2",
			files: map[string]string{
				"proc/sys/kernel/osrelease": "6.8.0-41-generic\n",
				"proc/sys/kernel/version":   "#41-Ubuntu SMP PREEMPT_DYNAMIC Fri Aug  2 20:41:06 UTC 2024\n",
				"proc/cpuinfo":              "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz\nflags\t\t: fpu vme tsc\n\nprocessor\t: 1\nmodel name\t: other\n",
				"proc/self/status":          "Name:\tbench\nSeccomp:\t0\nSeccomp_filters:\t0\nCpus_allowed_list:\t0-127\n",
				"proc/self/ns/pid@":         "pid:[4026531836]",
				"proc/meminfo":              "MemTotal:       32768000 kB\nMemFree:        1 kB\n",
				"proc/self/cgroup":          "0::/user.slice/session.scope\n",
				"proc/self/mountinfo":       "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
				"sys/fs/cgroup/user.slice/session.scope/cgroup.procs": "1\n",
				"sys/fs/cgroup/user.slice/session.scope/pids.max":     "max\n",
				"sys/fs/cgroup/user.slice/session.scope/memory.max":   "8589934592\n",
				"sys/fs/cgroup/user.slice/pids.max":                   "38000\n",
				"sys/fs/cgroup/user.slice/memory.max":                 "536870912\n",
				"sys/fs/cgroup/user.slice/cpu.max":                    "133333 100000\n",
				"sys/kernel/mm/transparent_hugepage/enabled":          "always [madvise] never\n",
				"sys/kernel/debug/sched/preempt":                      "none (voluntary) full\n",
				clockDir + "current_clocksource":                      "tsc\n",
				cpuFolder + "online":                                  "0-3\n",
				cpuFolder + "cpu0/cpufreq/scaling_governor":           "powersave\n",
				cpuFolder + "cpu1/cpufreq/scaling_governor":           "performance\n",
				cpuFolder + "cpu2/cpufreq/scaling_governor":           "powersave\n",
				cpuFolder + "smt/control":                             "on\n",
				cpuFolder + "vulnerabilities/l1tf":                    "Not affected\n",
				cpuFolder + "vulnerabilities/retbleed":                "Mitigation: Enhanced IBRS\n",
				cpuFolder + "vulnerabilities/itlb_multihit":           "KVM: Mitigation: VMX disabled\n",
				cpuFolder + "vulnerabilities/mds":                     "Vulnerable: Clear CPU buffers attempted, no microcode\n",
				cpuFolder + "vulnerabilities/spectre_v2":              "Mitigation: Enhanced IBRS; IBPB: conditional\n",
				cpuFolder + "vulnerabilities/spec_rstack_overflow":    "Vulnerable: Safe RET, no microcode\n",
			},
			want: facts{
				kernel: "6.8.0-41-generic", cpu: "Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz", cpus: "4", memory: "31.3GiB",
				thp: "madvise", clocksource: "tsc", governor: "performance+powersave", virt: "none",
				mitigations: "retbleed+spectre_v2", spectreV2: "Mitigation: Enhanced IBRS; IBPB: conditional", retbleed: "Mitigation: Enhanced IBRS", srso: "Vulnerable: Safe RET, no microcode", preempt: "voluntary", smt: "on", seccomp: "off",
				cgroupCPU: "1.33", cgroupMemory: "512MiB", cgroupPids: "38000",
			},
		},
		{
			name: "container on a guest, cgroup version 1",
			files: map[string]string{
				"proc/sys/kernel/version":                       "#1 SMP Debian 5.10.1 (2024-01-01)\n",
				"proc/cpuinfo":                                  "model name\t: AMD EPYC\nflags\t: fpu hypervisor\n",
				"proc/self/status":                              "Seccomp:\t2\nCpus_allowed_list:\t1,3\n",
				"proc/self/ns/pid@":                             "pid:[4026532178]",
				"proc/meminfo":                                  "MemTotal:  999936 kB\n",
				"proc/self/cgroup":                              "3:pids:/docker/4f\n2:cpu,cpuacct:/docker/4f\n1:memory:/docker/4f\n",
				"proc/self/mountinfo":                           "1 0 0:1 /docker/4f /cg/pids ro - cgroup cgroup rw,pids\n2 0 0:2 /docker/4f /cg/cpu ro - cgroup cgroup rw,cpu,cpuacct\n3 0 0:3 /docker/4f /cg/memory ro - cgroup cgroup rw,memory\n",
				"cg/pids/cgroup.procs":                          "1\n",
				"cg/pids/pids.max":                              "max\n",
				"cg/cpu/cgroup.procs":                           "1\n",
				"cg/cpu/cpu.cfs_quota_us":                       "150000\n",
				"cg/cpu/cpu.cfs_period_us":                      "100000\n",
				"cg/memory/cgroup.procs":                        "1\n",
				"cg/memory/memory.limit_in_bytes":               "9223372036854771712\n",
				clockDir + "current_clocksource":                "kvm-clock\n",
				clockDir + "available_clocksource":              "kvm-clock tsc acpi_pm\n",
				cpuFolder + "online":                            "0-3\n",
				cpuFolder + "vulnerabilities/spectre_v2":        "Vulnerable\n",
				"sys/kernel/mm/transparent_hugepage/enabled":    "[always] madvise never\n",
				"sys/class/dmi/id/sys_vendor":                   "Amazon EC2\n",
				"sys/devices/system/cpu/smt/control":            "notsupported\n",
				"sys/devices/system/cpu/cpu0/topology/core_id":  "0\n",
				"sys/devices/system/cpu/cpu0/topology/die_cpus": "1\n",
			},
			want: facts{
				cpu: "AMD EPYC", cpus: "2-of-4", memory: "976MiB", thp: "always", clocksource: "kvm-clock",
				governor: "none", virt: "kvm+container", mitigations: "none", spectreV2: "Vulnerable", preempt: "none-or-voluntary",
				smt: "notsupported", seccomp: "filter", cgroupCPU: "1.5", cgroupMemory: "max", cgroupPids: "max",
			},
		},
		{
			name: "arm64 that tells little",
			files: map[string]string{
				"proc/sys/kernel/version": "#1 SMP PREEMPT_RT x\n",
				"proc/cpuinfo":            "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n",
				"proc/self/status":        "Seccomp:\t1\nCpus_allowed_list:\tlots\n",
				"proc/self/ns/pid@":       "pid:[4026532178]",
				"proc/meminfo":            "MemTotal: much\n",
				"proc/self/cgroup":        "0::/\n",
				"proc/self/mountinfo":     "",
				cpuFolder + "online":      "0-3\n",
			},
			want: facts{
				cpu: "implementer 0x41 part 0xd0c", governor: "none", virt: "unknown+container",
				preempt: "rt", seccomp: "strict",
			},
		},
		{
			name: "limits that make no sense",
			files: map[string]string{
				"proc/self/cgroup":           "0::/\n",
				"proc/self/mountinfo":        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
				"sys/fs/cgroup/cgroup.procs": "1\n",
				"sys/fs/cgroup/cpu.max":      "lots\n",
				"sys/fs/cgroup/pids.max":     "many\n",
			},
			want: facts{cgroupMemory: "max"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := FS(armtest.Tree(t, test.files)).facts()
			if d := cmp.Diff(test.want, got, cmp.AllowUnexported(facts{})); d != "" {
				t.Errorf("facts (-want +got):\n%s", d)
			}
		})
	}
}

func TestHypervisor(t *testing.T) {
	const guest = "flags\t: fpu hypervisor\n"
	for _, test := range []struct {
		name, cpuinfo string
		files         map[string]string
		want          string
	}{
		{"bare metal whose vendor makes clouds", "flags\t: fpu\n", map[string]string{"sys/class/dmi/id/sys_vendor": "Amazon EC2\n"}, "none"},
		{"xen", guest, map[string]string{"sys/hypervisor/type": "xen\n", "sys/class/dmi/id/sys_vendor": "Amazon EC2\n"}, "xen"},
		{"hyper-v by its clock", guest, map[string]string{clockDir + "available_clocksource": "hyperv_clocksource_tsc_page acpi_pm\n"}, "hyperv"},
		{"hyper-v by its board", "", map[string]string{"sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n", "sys/class/dmi/id/product_name": "Virtual Machine\n"}, "hyperv"},
		{"arm64 kvm", "", map[string]string{"proc/device-tree/hypervisor/compatible": "linux,kvm\x00"}, "kvm"},
		{"arm64 in a cloud", "", map[string]string{"sys/class/dmi/id/sys_vendor": "Amazon EC2\n"}, "ec2"},
		{"emulated amd64", "model name\t: QEMU TCG CPU version 2.5+\n" + guest, map[string]string{"sys/class/dmi/id/sys_vendor": "QEMU\n"}, "tcg"},
		{"emulated arm64", "CPU implementer\t: 0x00\nCPU part\t: 0x051\n", nil, "tcg"},
		{"qemu with kvm", "model name\t: QEMU Virtual CPU version 2.5+\n" + guest, map[string]string{"sys/class/dmi/id/sys_vendor": "QEMU\n"}, "qemu"},
		{"guest of a stranger", guest, nil, "vm"},
		{"no word at all", "", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := FS(armtest.Tree(t, test.files)).hypervisor(test.cpuinfo); got != test.want {
				t.Errorf("hypervisor = %q, want %q", got, test.want)
			}
		})
	}
}

func TestPreempt(t *testing.T) {
	for _, test := range []struct{ debugfs, version, want string }{
		{"none voluntary (full) lazy", "#1 SMP PREEMPT_DYNAMIC @0", "full"},
		{"", "#1 SMP PREEMPT_DYNAMIC @0", "dynamic"},
		{"", "#1 SMP PREEMPT Mon", "full"},
		{"", "#1 SMP PREEMPT_RT Mon", "rt"},
		{"", "#1 SMP Mon", "none-or-voluntary"},
		{"", "", ""},
	} {
		if got := preempt(test.debugfs, test.version); got != test.want {
			t.Errorf("preempt(%q, %q) = %q, want %q", test.debugfs, test.version, got, test.want)
		}
	}
}

func TestCPUsCounted(t *testing.T) {
	for _, test := range []struct{ allowed, online, want string }{
		{"0-1", "0-1", "2"},
		{"1", "0-1", "1-of-2"},
		{"0-127", "0-3", "4"},
		{"0,2-3", "0-1,3", "2-of-3"},
		{"", "0-1", ""},
		{"0-1", "", ""},
		{"3-1", "0-1", ""},
		{"0-9999999999", "0-1", ""},
		{"0-65536", "0-1", ""},
		{"-1", "0-1", ""},
	} {
		if got := cpus(test.allowed, test.online); got != test.want {
			t.Errorf("cpus(%q, %q) = %q, want %q", test.allowed, test.online, got, test.want)
		}
	}
}

// TestReadFacts reads the running system, and needs no more of it than what
// every Linux tells.
func TestReadFacts(t *testing.T) {
	h := readFacts()
	if h.kernel == "" {
		t.Error("no kernel release")
	}
	if h.affinity != "yes" && h.affinity != "no" {
		t.Errorf("affinity = %q, want yes or no", h.affinity)
	}
	if h.timerslack != "" && !strings.HasSuffix(h.timerslack, "ns") {
		t.Errorf("timerslack = %q, want nanoseconds", h.timerslack)
	}
	if h.cpus != "" {
		n, _, _ := strings.Cut(h.cpus, "-of-")
		if n != strconv.Itoa(runtime.NumCPU()) {
			t.Errorf("cpus = %q, but the runtime may use %d", h.cpus, runtime.NumCPU())
		}
	}
}
