// The arms that the fidelity command sets beside the suite's own, as workers
// (bench/lockstep):
//
//	arms channel    two goroutines hand a value back and forth in the plainest loop
//	arms perf       perf bench sched pipe -T, a process of its own each turn
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench"
	"threadbench/bench/lockstep"
)

func main() {
	arms := map[string]func() (lockstep.Arm, error){"channel": openChannel, "perf": openPerf}
	os.Exit(lockstep.Serve(bench.Awake{}, os.Stdout, func(func(string)) (lockstep.Arm, error) {
		if len(os.Args) != 2 || arms[os.Args[1]] == nil {
			return nil, fmt.Errorf("no such arm: %q", os.Args[1:])
		}
		return arms[os.Args[1]]()
	}))
}

type channel struct{ there, back chan struct{} }

func openChannel() (lockstep.Arm, error) {
	a := &channel{make(chan struct{}), make(chan struct{})}
	go func() {
		for range a.there {
			a.back <- struct{}{}
		}
		close(a.back)
	}()
	return a, nil
}

// Run makes n switches, two a round trip, after as long a warm-up as the
// suite's.
func (a *channel) Run(n int) (lockstep.Slice, error) {
	there, back, trips := a.there, a.back, (n+1)/2
	for range min(trips, 100) {
		there <- struct{}{}
		<-back
	}
	before, err := switches(unix.RUSAGE_SELF)
	if err != nil {
		return lockstep.Slice{}, err
	}
	begin := time.Now()
	for range trips {
		there <- struct{}{}
		<-back
	}
	elapsed := time.Since(begin)
	after, err := switches(unix.RUSAGE_SELF)
	return lockstep.Slice{Ops: 2 * trips, Elapsed: elapsed, Counts: map[string]int64{"kernel-switches": after - before}}, err
}

func (a *channel) Close() error {
	close(a.there)
	if _, open := <-a.back; open {
		return errors.New("the other goroutine answers still")
	}
	return nil
}

func switches(who int) (int64, error) {
	var u unix.Rusage
	err := unix.Getrusage(who, &u)
	return int64(u.Nvcsw) + int64(u.Nivcsw), err
}

type perf struct{}

func openPerf() (lockstep.Arm, error) {
	_, err := perf{}.Run(2)
	if err != nil {
		return nil, &lockstep.Skip{Reason: err.Error()}
	}
	return perf{}, nil
}

// Run has perf make n switches: it counts the round trips.
func (perf) Run(n int) (lockstep.Slice, error) {
	trips := (n + 1) / 2
	cmd := exec.Command("perf", "bench", "sched", "pipe", "-T", "-l", strconv.Itoa(trips))
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	text, err := cmd.CombinedOutput()
	if err != nil {
		return lockstep.Slice{}, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, text)
	}
	microseconds, err := parsePerf(string(text), trips)
	if err != nil {
		return lockstep.Slice{}, err
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return lockstep.Slice{
		Ops:     2 * trips,
		Elapsed: time.Duration(microseconds * 1000 * float64(trips)),
		Counts:  map[string]int64{"kernel-switches": int64(used.Nvcsw) + int64(used.Nivcsw)},
	}, nil
}

func (perf) Close() error { return nil }

// parsePerf is the time of a round trip in what perf says of so many.
func parsePerf(text string, trips int) (microseconds float64, err error) {
	if want := fmt.Sprintf("# Executed %d pipe operations between two threads\n", trips); !strings.Contains(text, want) {
		return 0, fmt.Errorf("perf bench sched pipe does not say that it made %d round trips between two threads: %q", trips, text)
	}
	for line := range strings.Lines(text) {
		if number, ok := strings.CutSuffix(strings.TrimSpace(line), " usecs/op"); ok {
			microseconds, err = strconv.ParseFloat(number, 64)
			if err == nil && microseconds > 0 && microseconds < 1e12 {
				return microseconds, nil
			}
		}
	}
	return 0, fmt.Errorf("perf bench sched pipe gives no time a round trip: %q", text)
}
