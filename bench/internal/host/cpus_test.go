package host

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/internal/armtest"
)

// fixture makes a tree of files.
func fixture(t *testing.T, trees ...map[string]string) FS {
	t.Helper()
	all := map[string]string{}
	for _, files := range trees {
		maps.Copy(all, files)
	}
	return FS(armtest.Tree(t, all))
}

// cpu is the files of one CPU, by name below its folder.
func cpu(n int, files map[string]string) map[string]string {
	all := map[string]string{}
	for name, content := range files {
		all[dirOf(n)+name] = content
	}
	return all
}

// caches are the files of a CPU's caches: of its first level the instructions'
// is shared by as many as the last one, which no core has, and must not count.
func caches(n int, l2, l3 string) map[string]string {
	files := map[string]string{}
	for i, c := range []struct{ level, kind, shared string }{
		{"1", "Data", fmt.Sprint(n)}, {"1", "Instruction", l3}, {"2", "Unified", l2}, {"3", "Unified", l3},
	} {
		if c.shared == "" {
			continue
		}
		dir := fmt.Sprintf("cache/index%d/", i)
		files[dir+"level"], files[dir+"type"], files[dir+"shared_cpu_list"] = c.level, c.kind, c.shared
	}
	return cpu(n, files)
}

// hybrid is a machine with two cores for performance, of two threads each,
// CPUs 0-3, and a cluster of four efficient ones, CPUs 4-7. The kernel tells
// capacities from 6.12 on.
func hybrid(t *testing.T, capacity bool, more ...map[string]string) FS {
	trees := []map[string]string{{cpuDir + "online": "0-7", "sys/devices/cpu_core/cpus": "0-3", "sys/devices/cpu_atom/cpus": "4-7", "sys/devices/cpu/type": "4"}}
	for n := range 8 {
		files := map[string]string{"topology/physical_package_id": "0", "cpufreq/cpuinfo_max_freq": "5200000", "topology/thread_siblings_list": fmt.Sprintf("%d-%d", n&^1, n|1)}
		size, l2 := "1024", fmt.Sprintf("%d-%d", n&^1, n|1)
		if n >= 4 {
			files["cpufreq/cpuinfo_max_freq"], files["topology/thread_siblings_list"] = "3900000", fmt.Sprint(n)
			size, l2 = "623", "4-7"
		}
		if capacity {
			files["cpu_capacity"] = size
		}
		trees = append(trees, cpu(n, files), caches(n, l2, "0-7"))
	}
	return fixture(t, append(trees, more...)...)
}

// bigLittle is an arm64 machine: four small CPUs, three big ones, and one that
// is bigger still. Its kernel tells no caches.
func bigLittle(t *testing.T) FS {
	var cpuinfo strings.Builder
	trees := []map[string]string{{cpuDir + "online": "0-7"}}
	for n := range 8 {
		part, capacity, khz := "0xd05", "250", "1800000"
		switch {
		case n == 7:
			part, capacity, khz = "0xd44", "1024", "2850000"
		case n >= 4:
			part, capacity, khz = "0xd41", "764", "2400000"
		}
		fmt.Fprintf(&cpuinfo, "processor\t: %d\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: %s\nCPU revision\t: 0\n\n", n, part)
		trees = append(trees, cpu(n, map[string]string{"cpu_capacity": capacity, "cpufreq/cpuinfo_max_freq": khz,
			"topology/physical_package_id": "0", "topology/thread_siblings_list": fmt.Sprint(n)}))
	}
	return fixture(t, append(trees, map[string]string{"proc/cpuinfo": cpuinfo.String()})...)
}

// guest is a virtual machine of two CPUs, which has no word on frequencies.
func guest(t *testing.T) FS {
	return fixture(t, map[string]string{cpuDir + "online": "0-1", "proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC"},
		cpu(0, map[string]string{"topology/physical_package_id": "0", "topology/thread_siblings_list": "0"}), caches(0, "0", "0-1"),
		cpu(1, map[string]string{"topology/physical_package_id": "0", "topology/thread_siblings_list": "1"}), caches(1, "1", "0-1"))
}

func upTo(n int) []int {
	var all []int
	for i := range n {
		all = append(all, i)
	}
	return all
}

// TestFastest chooses a CPU, and looks at which others come next.
func TestFastest(t *testing.T) {
	freq := func(n int, khz string) map[string]string {
		return cpu(n, map[string]string{"cpufreq/cpuinfo_max_freq": khz})
	}
	cppc := func(n int, perf string) map[string]string {
		return cpu(n, map[string]string{"acpi_cppc/highest_perf": perf})
	}
	for _, test := range []struct {
		name    string
		fs      FS
		allowed []int
		want    int
		kin     []int
	}{
		{"hybrid, by capacity", hybrid(t, true), upTo(8), 3, []int{0, 1, 2}},
		{"hybrid, by frequency", hybrid(t, false), upTo(8), 3, []int{0, 1, 2}},
		{"hybrid whose frequencies aren't told, by type", fixture(t, map[string]string{cpuDir + "online": "0-3", "sys/devices/cpu_core/cpus": "0-1", "sys/devices/cpu_atom/cpus": "2-3"}), upTo(4), 1, []int{0}},
		{"hybrid of three types", fixture(t, map[string]string{cpuDir + "online": "0-2", "sys/devices/cpu_lowpower/cpus": "2", "sys/devices/cpu_atom/cpus": "0-1"}), upTo(3), 1, []int{0}},
		{"hybrid, types below the CPUs", fixture(t, map[string]string{cpuDir + "online": "0-3", cpuDir + "types/intel_core_0/cpulist": "0", cpuDir + "types/intel_atom_0/cpulist": "1-3"}), upTo(4), 0, nil},
		{"hybrid, efficient CPUs allowed alone", hybrid(t, true), []int{5, 6, 7}, 7, []int{5, 6}},
		{"hybrid, one fast CPU allowed", hybrid(t, true), []int{1, 4, 5}, 1, nil},
		{"hybrid, the threads of one core allowed", hybrid(t, true), []int{2, 3, 5}, 3, []int{2}},
		{"hybrid, the last fast core offline", hybrid(t, true, map[string]string{cpuDir + "online": "0-1,4-7"}), upTo(8), 1, []int{2, 3, 0}},
		{"hybrid, a core that is let run faster", hybrid(t, false, freq(0, "5400000"), freq(1, "5400000")), upTo(8), 1, []int{2, 3, 0}},
		{"a capacity outweighs a frequency", fixture(t, freq(0, "3000000"), cpu(0, map[string]string{"cpu_capacity": "1024"}), freq(1, "4000000"), cpu(1, map[string]string{"cpu_capacity": "512"})), upTo(2), 0, nil},
		{"CPPC's scale alone", fixture(t, cppc(0, "166"), cppc(1, "231"), cppc(2, "226"), cppc(3, "120")), upTo(4), 1, []int{2}},
		{"big.LITTLE", bigLittle(t), upTo(8), 7, nil},
		{"big.LITTLE without the biggest", bigLittle(t), upTo(7), 6, []int{4, 5}},
		{"guest", guest(t), upTo(2), 1, []int{0}},
		{"guest, one CPU allowed", guest(t), []int{0}, 0, nil},
		{"a system that tells nothing", FS(t.TempDir()), []int{0, 2, 5}, 5, []int{0, 2}},
		{"nonsense", fixture(t, map[string]string{cpuDir + "online": "all", "sys/devices/cpu_core/cpus": "some"}, freq(0, "-1"), freq(1, "fast")), upTo(2), 1, []int{0}},
		{"more than 1,024 CPUs", fixture(t, map[string]string{cpuDir + "online": "0-2047", "sys/devices/cpu_core/cpus": "0-1500", "sys/devices/cpu_atom/cpus": "1501-2047"}), []int{3, 1499, 1500, 1501, 2047}, 1500, []int{3, 1499}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.fs.Fastest(test.allowed)
			if got != test.want {
				t.Fatalf("of %v CPU %d is chosen, want %d", test.allowed, got, test.want)
			}
			var others []int
			for _, n := range test.allowed {
				if n != got {
					others = append(others, n)
				}
			}
			if d := cmp.Diff(test.kin, test.fs.Kin(got, others)); d != "" {
				t.Errorf("others of CPU %d's kind (-want +got):\n%s", got, d)
			}
		})
	}
}

func TestCPUs(t *testing.T) {
	amd := fixture(t, map[string]string{cpuDir + "online": "0"}, cpu(0, map[string]string{
		"acpi_cppc/highest_perf": "196", "acpi_cppc/nominal_perf": "140", "acpi_cppc/nominal_freq": "3500"}))
	for _, test := range []struct {
		name string
		fs   FS
		cpu  int
		want CPU
	}{
		{"for performance", hybrid(t, true), 2, CPU{Number: 2, Type: "core", Capacity: 1024, KHz: 5200000}},
		{"efficient", hybrid(t, true), 6, CPU{Number: 6, Type: "atom", Capacity: 623, KHz: 3900000}},
		{"big", bigLittle(t), 4, CPU{Number: 4, Type: "0x41-0xd41", Capacity: 764, KHz: 2400000}},
		{"guest", guest(t), 1, CPU{Number: 1, Type: "uniform"}},
		{"of a frequency by CPPC", amd, 0, CPU{Number: 0, Type: "uniform", KHz: 4900000}},
		{"that isn't there", guest(t), 9, CPU{Number: 9, Type: "uniform"}},
		{"of a system that tells nothing", FS(t.TempDir()), 0, CPU{}},
	} {
		if d := cmp.Diff([]CPU{test.want}, test.fs.CPUs([]int{test.cpu})); d != "" {
			t.Errorf("a CPU %s (-want +got):\n%s", test.name, d)
		}
	}
}

func TestShares(t *testing.T) {
	// Two packages with two cores each, whose caches are told of one CPU only.
	two := map[string]string{}
	for n, id := range []string{"0", "0", "1", "1"} {
		maps.Copy(two, cpu(n, map[string]string{"topology/physical_package_id": id, "topology/thread_siblings_list": fmt.Sprint(n)}))
	}
	packages := fixture(t, two, caches(0, "0", "0"))
	for _, test := range []struct {
		name string
		fs   FS
		a, b int
		want string
	}{
		{"one core", hybrid(t, true), 3, 2, "thread"},
		{"two cores", hybrid(t, true), 3, 0, "L3"},
		{"a cluster", hybrid(t, true), 7, 4, "L2"},
		{"two kinds", hybrid(t, true), 3, 4, "L3"},
		{"guest", guest(t), 1, 0, "L3"},
		{"caches that nobody shares", packages, 0, 1, "package"},
		{"caches that aren't told", bigLittle(t), 7, 6, "package"},
		{"two packages", packages, 0, 2, "nothing"},
		{"an offline CPU", hybrid(t, true), 3, 9, ""},
		{"a system that tells nothing", FS(t.TempDir()), 0, 1, ""},
	} {
		if got := test.fs.Shares(test.a, test.b); got != test.want {
			t.Errorf("%s: CPUs %d and %d share %q, want %q", test.name, test.a, test.b, got, test.want)
		}
	}
}

func TestAlike(t *testing.T) {
	for _, test := range []struct {
		a, b CPU
		want bool
	}{
		{CPU{}, CPU{Number: 1}, true},
		{CPU{Type: "core"}, CPU{Type: "atom"}, false},
		{CPU{Capacity: 1024}, CPU{Capacity: 922}, true},
		{CPU{Capacity: 1024}, CPU{Capacity: 921}, false},
		{CPU{KHz: 5400000}, CPU{KHz: 5200000}, true},
		{CPU{KHz: 5400000}, CPU{}, false},
		{CPU{Perf: 231}, CPU{Perf: 166}, false},
	} {
		if Alike(test.a, test.b) != test.want || Alike(test.b, test.a) != test.want {
			t.Errorf("%+v and %+v are alike: %v", test.a, test.b, !test.want)
		}
	}
}

func TestList(t *testing.T) {
	set, ok := List("0-2,1100,2046-2047")
	if d := cmp.Diff(map[int]bool{0: true, 1: true, 2: true, 1100: true, 2046: true, 2047: true}, set); !ok || d != "" {
		t.Errorf("a list beyond 1,024 (-want +got):\n%s", d)
	}
	for _, s := range []string{"", "3-1", "0-99999999", "-1", "a", "0,", "0-65536"} {
		if set, ok := List(s); ok || set != nil {
			t.Errorf("%q is a list of %d CPUs", s, len(set))
		}
	}
}

// FuzzList feeds the parser of CPU lists anything: it ends, and a list that it
// takes has a CPU.
func FuzzList(f *testing.F) {
	for _, s := range []string{"", "0", "0-3,8", "3-1", "0-99999999", "-", "0,", "+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, ok := List(s)
		if ok == (len(set) == 0) {
			t.Errorf("List(%q) = %d CPUs, %v", s, len(set), ok)
		}
	})
}
