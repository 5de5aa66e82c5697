package measure

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
)

// A Site is where the cases are measured: the CPUs that may be used and the
// one that is chosen for what takes place on one.
type Site struct {
	CPUs []int // in rising order
	CPU  int   // one of them
	Kin  []int // the others of its kind, those on another core first
}

// NewSite looks up the CPUs that this process may use. cpu is the one to
// measure on, -1 for one of the fastest; one that isn't allowed is an error.
func NewSite(cpu int) (Site, error) {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return Site{}, fmt.Errorf("looking up the CPUs: %w", err)
	}
	return newSite("/", cpus, cpu)
}

// newSite is a site by the files below root.
func newSite(root host.FS, cpus []int, cpu int) (Site, error) {
	if cpu == -1 {
		cpu = root.Fastest(cpus)
	}
	if !slices.Contains(cpus, cpu) {
		return Site{}, fmt.Errorf("measuring on CPU %d: this process may use only %v; choose one of them", cpu, cpus)
	}
	s := Site{CPUs: cpus, CPU: cpu}
	s.Kin = root.Kin(cpu, s.Elsewhere())
	return s, nil
}

// Elsewhere are the CPUs besides the chosen one, its kin first; nil if there
// is no other. The first one is the second CPU of what takes place on two.
func (s Site) Elsewhere() []int {
	others := slices.Clone(s.Kin)
	for _, c := range s.CPUs {
		if c != s.CPU && !slices.Contains(s.Kin, c) {
			others = append(others, c)
		}
	}
	return others
}

// all are the CPUs, the chosen one first.
func (s Site) all() []int { return append([]int{s.CPU}, s.Elsewhere()...) }

// CpuVariable tells a worker the number of the site's chosen CPU: its own
// CPUs don't.
const CpuVariable = "THREADBENCH_CPU"

// chosenCPU is the CPU that CpuVariable names, -1 if that names none.
func chosenCPU() int {
	cpu, err := strconv.Atoi(os.Getenv(CpuVariable))
	if err != nil || cpu < 0 {
		return -1
	}
	return cpu
}

// TwoCPUs are the two CPUs of a worker that has no more: the site's chosen one
// and the other one.
func TwoCPUs() (chosen, other int, err error) {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return 0, 0, err
	}
	if len(cpus) < 2 {
		return 0, 0, fmt.Errorf("expected two CPUs; seen %v", cpus)
	}
	if cpus[0] == chosenCPU() {
		return cpus[0], cpus[1], nil
	}
	return cpus[1], cpus[0], nil
}

// comment is a results file's line about the numbers of the site's CPUs.
func (s Site) comment() string {
	if others := s.Elsewhere(); others != nil {
		return fmt.Sprintf("# cpu %d, and %d with it where two are held\n", s.CPU, others[0])
	}
	return fmt.Sprintf("# cpu %d\n", s.CPU)
}

// SweepGroups removes the memory cgroups that workers have left behind by
// dying.
func SweepGroups() { host.SweepGroups() }
