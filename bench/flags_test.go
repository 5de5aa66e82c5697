package bench_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// Some of go test's flags reach only this process, which hands out the turns, and
// not the workers, which measure. This file hands such flags on, refuses them, or
// warns.

// goTest is the value of a flag of go test, without "test." in its name.
func goTest(name string) string { return flag.Lookup("test." + name).Value.String() }

// refuse returns an error for a flag that would mislead.
func refuse() error {
	for _, name := range []string{"memprofile", "blockprofile", "mutexprofile", "trace"} {
		if v := goTest(name); v != "" {
			return fmt.Errorf("running benchmarks with -%s %s: it would record the process that starts the workers, and none of the workers, which measure; leave it out (-cpuprofile is handed on to the workers)", name, v)
		}
	}
	list := goTest("cpu")
	for v := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err == nil && n != runtime.GOMAXPROCS(0) {
			return fmt.Errorf("running benchmarks with -cpu %s: it would change the names of rows (-%d) and no figure, since each case sets its worker's GOMAXPROCS; leave it out, and choose cases by -bench (procs=1, place=same)", list, n)
		}
	}
	return nil
}

// warn warns about flags that mean something else here.
func warn() {
	if n, ok := strings.CutSuffix(goTest("benchtime"), "x"); ok && n != "1" {
		fmt.Fprintf(os.Stderr, "# benchtime: with %sx a case that is measured in slices does %[1]s ops in one go, and %d are the least that count as evidence; one that is measured once a process starts %[1]s processes\n", n, measure.Provable)
	}
	if goTest("benchmem") == "true" {
		fmt.Fprintln(os.Stderr, "# benchmem: B/op and allocs/op are of the process that starts the workers, and of nothing that is measured")
	}
}

// profileVariable names the file that a worker writes its CPU profile to.
const profileVariable = "THREADBENCH_TEST_CPUPROFILE"

// profiles has the name of the case for each profile's file. profileTo is the path
// that -cpuprofile gives.
var (
	profiles  = map[string]string{}
	profileTo string
)

// takeProfiles hands -cpuprofile on to the workers, since testing would profile this
// process.
func takeProfiles() {
	path := goTest("cpuprofile")
	if path == "" {
		return
	}
	profileTo = path
	if dir := goTest("outputdir"); dir != "" && !filepath.IsAbs(path) {
		profileTo = filepath.Join(dir, path)
	}
	flag.Set("test.cpuprofile", "")
	fmt.Fprintln(os.Stderr, "# cpuprofile: each case has a profile of its worker, without raw threads and C threads, which take no signal of the profiler's; figures are those of profiled programs")
}

// profiled is the addition to a worker's environment for its profile. All workers of a
// case write to the same file, so the profile of the last worker stays. With slices,
// the last worker runs the most ops.
func profiled(c measure.Case) []string {
	if profileTo == "" || c.C {
		return nil
	}
	path := profileTo + "." + strings.ReplaceAll(c.Name.String(), "/", "_")
	if _, again := profiles[path]; !again {
		os.Remove(path) // an earlier run's
		profiles[path] = c.Name.String()
	}
	return []string{profileVariable + "=" + path}
}

// sayProfiles says where the profiles are. A single profile gets the name that
// -cpuprofile gives.
func sayProfiles() error {
	paths := slices.DeleteFunc(slices.Sorted(maps.Keys(profiles)), func(path string) bool {
		_, err := os.Stat(path)
		return err != nil
	})
	if len(paths) == 1 {
		if err := os.Rename(paths[0], profileTo); err != nil {
			return fmt.Errorf("naming the CPU profile: %w", err)
		}
		profiles[profileTo], paths[0] = profiles[paths[0]], profileTo
	}
	for _, path := range paths {
		fmt.Fprintf(os.Stderr, "# cpuprofile %s: %s\n", profiles[path], path)
	}
	return nil
}

// profile starts this worker's CPU profile if profileVariable asks for one. The profile
// begins when the arm is open, and ends just before the arm closes.
func profile(arm lockstep.Arm) (lockstep.Arm, error) {
	path := os.Getenv(profileVariable)
	if path == "" {
		return arm, nil
	}
	file, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("profiling the worker: %w; give another -cpuprofile", err), arm.Close())
	}
	return &profiledArm{arm, file}, nil
}

type profiledArm struct {
	lockstep.Arm
	file *os.File
}

func (p *profiledArm) Close() error {
	pprof.StopCPUProfile()
	return errors.Join(p.file.Close(), p.Arm.Close())
}
