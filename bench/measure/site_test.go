package measure

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
)

// TestSites chooses CPUs on other machines, and checks the configuration and the
// comment about them.
func TestSites(t *testing.T) {
	hybrid, silent := host.FS(armtest.HybridMachine(t)), host.FS(armtest.Machine(t, nil))
	cppc := host.FS(armtest.Machine(t, map[string]string{"system/cpu/online": "0", "system/cpu/cpu0/acpi_cppc/highest_perf": "166"}))
	apart := host.FS(armtest.Machine(t, map[string]string{"system/cpu/online": "0-1", "system/cpu/cpu0/cpu_capacity": "1024", "system/cpu/cpu1/cpu_capacity": "512"}))
	for _, test := range []struct {
		name      string
		root      host.FS
		allowed   []int
		cpu       int
		want      int
		elsewhere []int
		kind      host.Kind
		comment   string
	}{
		{"hybrid", hybrid, []int{0, 1, 2, 3}, -1, 1, []int{0, 2, 3}, host.Kind{Kind: "core", Capacity: "1024", MaxFreq: "5200MHz", CrossShares: "thread"}, "# cpu 1, and 0 with it where two are held\n"},
		{"hybrid, a slow CPU chosen", hybrid, []int{0, 1, 2, 3}, 2, 2, []int{3, 0, 1}, host.Kind{Kind: "atom", Capacity: "623", MaxFreq: "3900MHz", CrossShares: "package"}, "# cpu 2, and 3 with it where two are held\n"},
		{"hybrid, one CPU of each kind allowed", hybrid, []int{1, 3}, -1, 1, []int{3}, host.Kind{Kind: "core", Capacity: "1024", MaxFreq: "5200MHz", CrossShares: "package+other-kind"}, "# cpu 1, and 3 with it where two are held\n"},
		{"hybrid, one CPU allowed", hybrid, []int{3}, -1, 3, nil, host.Kind{Kind: "atom", Capacity: "623", MaxFreq: "3900MHz", CrossShares: "one-cpu"}, "# cpu 3\n"},
		{"CPPC's scale", cppc, []int{0}, -1, 0, nil, host.Kind{Kind: "uniform", Capacity: "", MaxFreq: "cppc-166", CrossShares: "one-cpu"}, "# cpu 0\n"},
		{"two kinds, and what they share isn't told", apart, []int{0, 1}, -1, 0, []int{1}, host.Kind{Kind: "uniform", Capacity: "1024", MaxFreq: "", CrossShares: "unknown+other-kind"}, "# cpu 0, and 1 with it where two are held\n"},
		{"a system that tells nothing", silent, []int{0, 1, 2}, -1, 2, []int{0, 1}, host.Kind{}, "# cpu 2, and 0 with it where two are held\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := newSite(test.root, test.allowed, test.cpu)
			if err != nil {
				t.Fatal(err)
			}
			if s.CPU != test.want {
				t.Errorf("CPU %d is chosen, want %d", s.CPU, test.want)
			}
			if d := cmp.Diff(test.elsewhere, s.Elsewhere()); d != "" {
				t.Errorf("elsewhere (-want +got):\n%s", d)
			}
			if got := host.KindOf(s.all(), test.root); got != test.kind {
				t.Errorf("its kind is %+v, want %+v", got, test.kind)
			}
			if got := s.comment(); got != test.comment {
				t.Errorf("comment %q, want %q", got, test.comment)
			}
		})
	}
}

// TestNewSite asks for each CPU that this process may use, and for some that
// it may not.
func TestNewSite(t *testing.T) {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	for _, cpu := range cpus {
		site, err := NewSite(cpu)
		if err != nil || site.CPU != cpu {
			t.Errorf("NewSite(%d) is on CPU %d: %v", cpu, site.CPU, err)
		}
		if d := cmp.Diff(cpus, site.CPUs); d != "" {
			t.Errorf("NewSite(%d) (-want +got):\n%s", cpu, d)
		}
		if len(site.Elsewhere()) != len(cpus)-1 {
			t.Errorf("NewSite(%d): elsewhere are %v", cpu, site.Elsewhere())
		}
	}
	if site := thisSite(t); site.CPU != host.FS("/").Fastest(cpus) {
		t.Errorf("CPU %d is chosen, which is none of the fastest", site.CPU)
	}
	for _, none := range []int{cpus[len(cpus)-1] + 1, 1 << 20, -2} {
		_, err := NewSite(none)
		if want := fmt.Sprintf("measuring on CPU %d: this process may use only %v; choose one of them", none, cpus); err == nil || err.Error() != want {
			t.Errorf("NewSite(%d): %v, want %s", none, err, want)
		}
	}
}

func TestElsewhere(t *testing.T) {
	for _, test := range []struct {
		site Site
		want []int
	}{
		{Site{CPUs: []int{0, 2, 5}, CPU: 2}, []int{0, 5}},
		{Site{CPUs: []int{0, 1, 2, 5}, CPU: 5, Kin: []int{2}}, []int{2, 0, 1}},
		{Site{CPUs: []int{3}, CPU: 3}, nil},
	} {
		if d := cmp.Diff(test.want, test.site.Elsewhere()); d != "" {
			t.Errorf("elsewhere than %+v (-want +got):\n%s", test.site, d)
		}
	}
}

// TestTwoCPUs tells a worker which of its CPUs is the chosen one.
func TestTwoCPUs(t *testing.T) {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(cpus) < 2 {
		if _, _, err := TwoCPUs(); err == nil || !strings.Contains(err.Error(), "expected two CPUs") {
			t.Errorf("with one CPU: %v", err)
		}
		return
	}
	for _, test := range []struct {
		told string
		want [2]int
	}{
		{fmt.Sprint(cpus[0]), [2]int{cpus[0], cpus[1]}},
		{fmt.Sprint(cpus[1]), [2]int{cpus[1], cpus[0]}},
		{"", [2]int{cpus[1], cpus[0]}},
		{"none", [2]int{cpus[1], cpus[0]}},
	} {
		t.Setenv(CpuVariable, test.told)
		chosen, other, err := TwoCPUs()
		if got := [2]int{chosen, other}; err != nil || got != test.want {
			t.Errorf("with %s=%s: %v, %v; want %v", CpuVariable, test.told, got, err, test.want)
		}
	}
}

// TestHeadOfSite asks a worker for a head: its configuration describes the given
// CPU.
func TestHeadOfSite(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	for _, cpu := range cpus {
		site, err := NewSite(cpu)
		if err != nil {
			t.Fatal(err)
		}
		head, err := Head(t.Context(), program, site)
		if err != nil {
			t.Fatal(err)
		}
		k := host.KindOf(site.all(), "/")
		for _, want := range []string{
			site.comment(), "\ncpu-type: " + host.Clean(k.Kind) + "\n", "\ncpu-capacity: " + host.Clean(k.Capacity) + "\n",
			"\ncpu-max-freq: " + host.Clean(k.MaxFreq) + "\n", "\ncross-shares: " + host.Clean(k.CrossShares) + "\n",
		} {
			if !strings.Contains(string(head), want) {
				t.Errorf("the head of CPU %d does not say %q:\n%s", cpu, want, head)
			}
		}
	}
}

// thisSite is where the tests would measure.
func thisSite(t *testing.T) Site {
	t.Helper()
	site, err := NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	return site
}
