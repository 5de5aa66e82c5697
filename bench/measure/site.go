package measure

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
)

// A Site is where cases are measured: the CPUs that may be used, and the CPU
// chosen for the cases that use one.
type Site struct {
	CPUs []int // in rising order
	CPU  int   // one of them
	Kin  []int // the others of the same kind, those on another core first
}

// NewSite looks up the CPUs that this process may use. cpu is the one to
// measure on, -1 for one of the fastest. It is an error if that CPU isn't
// allowed.
func NewSite(cpu int) (Site, error) {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return Site{}, fmt.Errorf("looking up the CPUs: %w", err)
	}
	return newSite("/", cpus, cpu)
}

// newSite returns a site by the files below root.
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

// Elsewhere returns the other CPUs, the chosen one's kin first; nil if there is
// no other. The first is the second CPU of cases that use two.
func (s Site) Elsewhere() []int {
	others := slices.Clone(s.Kin)
	for _, c := range s.CPUs {
		if c != s.CPU && !slices.Contains(s.Kin, c) {
			others = append(others, c)
		}
	}
	return others
}

// all returns the CPUs, the chosen one first.
func (s Site) all() []int { return append([]int{s.CPU}, s.Elsewhere()...) }

// CpuVariable gives a worker the number of the site's chosen CPU, which the
// worker can't see from its own CPUs.
const CpuVariable = "THREADBENCH_CPU"

// chosenCPU returns the CPU that CpuVariable names, -1 if it names none.
func chosenCPU() int {
	cpu, err := strconv.Atoi(os.Getenv(CpuVariable))
	if err != nil || cpu < 0 {
		return -1
	}
	return cpu
}

// TwoCPUs returns the two CPUs of a worker that has no more: the site's chosen
// one and the other.
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

// comment returns the line of a results file that gives the site's CPUs.
func (s Site) comment() string {
	if others := s.Elsewhere(); others != nil {
		return fmt.Sprintf("# cpu %d, and %d with it where two are held\n", s.CPU, others[0])
	}
	return fmt.Sprintf("# cpu %d\n", s.CPU)
}

// SweepGroups removes the memory cgroups of workers that died.
func SweepGroups() { host.SweepGroups() }
