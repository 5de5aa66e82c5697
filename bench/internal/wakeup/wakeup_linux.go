package wakeup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

func openWakeup(impl, mode, via, load string) (measure.Measurement, error) {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return nil, err
	}
	if (impl == "clone" || via == "pipe") && !threads.Supported {
		return nil, lockstep.Skipf("the pacer and the tasks of impl=clone are raw threads: %v", threads.ErrUnsupported)
	}
	need := arm.NeedOf(2*len(cpus)+4, false)
	need.Runtime = true // in some arms the threads are the runtime's
	if err := arm.Headroom(need); err != nil {
		return nil, err
	}
	a := &wakeupArm{impl: impl, load: load, cpus: cpus, slack: map[string]int{"slack": 50_000, "noslack": 1}[mode]}
	if a.slack != 0 {
		if err := withSlack(a.slack); err != nil {
			return nil, err
		}
	}
	if via == "pipe" {
		a.pacer, err = newPacer()
	}
	return a, err
}

type wakeupArm struct {
	impl, load string
	cpus       []int
	slack      int    // of its timers, in nanoseconds; 0 for the pipe
	pacer      *pacer // nil where the task sleeps by itself
}

// Measure has the task woken, and reports how late it was.
func (a *wakeupArm) Measure() (lockstep.Slice, error) {
	cost, err := arm.StampCost(a.impl == "clone")
	if err != nil {
		return lockstep.Slice{}, err
	}
	begin := newAnchor()
	at, stamps, paced, err := a.wakeUps()
	if err != nil {
		return lockstep.Slice{}, err
	}
	clock := anchors{begin, newAnchor()}
	ticks, err := clock.delays(at, stamps)
	if err != nil {
		return lockstep.Slice{}, err
	}
	s := lockstep.Slice{Ops: wakeups}
	if s.Figures, err = arm.Distribution(ticks, clock.ns(), cost); err != nil {
		return s, err
	}
	if a.pacer == nil {
		s.Figures["wake-ns"] = s.Figures["p99-ns"] // its timer is set to the instant
		return s, nil
	}
	if ticks, err = clock.delays(at, paced); err != nil {
		return s, fmt.Errorf("the pacer's bytes: %w", err)
	}
	s.Figures["pacer-ns"], s.Figures["wake-ns"], err = parts(ticks, paced, stamps, clock.ns())
	return s, err
}

// parts returns the two parts of a delay, the 99th percentile of each in ns.
// One is the pacer's own delay, late, in ticks. The other is the time from the
// pacer's stamp before it wrote a byte to the stamp of the task that read it.
// The pipe keeps the bytes in order and each read takes one, so the nth stamps
// belong together. All processes share the counter.
func parts(late, paced, stamps []int64, nsPerTick float64) (pacer, wake float64, err error) {
	woken, err := arm.Intervals(paced, stamps)
	if err != nil {
		return 0, 0, fmt.Errorf("from the pacer's stamps to the task's: %w", err)
	}
	of, err := arm.Distribution(late, nsPerTick, 0)
	if err != nil {
		return 0, 0, err
	}
	from, err := arm.Distribution(woken, nsPerTick, 0)
	return of["p99-ns"], from["p99-ns"], err
}

// wakeUps has the task woken at each of the instants, under its load. stamps
// are the task's, paced the pacer's.
func (a *wakeupArm) wakeUps() (at, stamps, paced []int64, err error) {
	if a.pacer == nil {
		at = schedule(monotonic()+int64(wakeLead), wakeups)
	}
	t, err := a.task(at)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	done := make(chan error, 1)
	go func() { done <- t.run() }()
	calm := func() error { return nil }
	if a.pacer != nil {
		if err = asleepAt(a.impl); err == nil {
			calm, err = a.hogs()
		}
		if err == nil {
			at = schedule(monotonic()+int64(wakeLead), wakeups)
			err = a.pacer.pace(at)
		}
		// The end of the pacer ends the task, too: by the end of its pipe if
		// the task has not read all of its bytes.
		var e error
		paced, e = a.pacer.end()
		err = errors.Join(err, e)
	}
	err = errors.Join(err, <-done, calm())
	return at, t.stamps(), paced, err
}

// asleepAt returns when the goroutine that waits for the pacer's byte is
// asleep: in the runtime's poller, or in read(2) if it is locked. A raw thread
// can't wait anywhere else.
func asleepAt(impl string) error {
	state, ok := map[string]string{"goroutine": "IO wait", "locked": "syscall"}[impl]
	if !ok {
		return nil
	}
	return arm.AllAsleep(1, func() (int, error) { return arm.InState(state), nil })
}

// A wakingTask is woken once at each instant, and stamps each wake-up.
type wakingTask struct {
	run    func() error
	stamps func() []int64
	end    func() error
}

// task makes a task that waits at the pacer's pipe or, without a pacer, for
// each of the instants.
func (a *wakeupArm) task(at []int64) (wakingTask, error) {
	if a.impl == "clone" {
		var d *threads.Driver
		err := hasSlack(a.slack) // the new thread inherits it
		if err != nil {
			return wakingTask{}, err
		}
		if a.pacer != nil {
			d, err = threads.NewReader(a.pacer.bytes.In, wakeups)
		} else {
			d, err = threads.NewSleeper(at)
		}
		if err != nil {
			return wakingTask{}, arm.SkipUnsupported(err)
		}
		run := func() error {
			t, err := d.Run(wakeups, 0)
			if err == nil && a.pacer != nil && t.Bytes != int64(wakeups) {
				err = fmt.Errorf("expected the task to read %d bytes, seen %d", wakeups, t.Bytes)
			}
			return err
		}
		stamps := func() []int64 {
			own, _ := d.Stamps()
			return slices.Clone(own)
		}
		return wakingTask{run, stamps, d.Close}, nil
	}
	wait := func(i int) error {
		time.Sleep(time.Duration(at[i] - monotonic()))
		return nil
	}
	if a.pacer != nil {
		read := arm.Blocking([]arm.Link{a.pacer.bytes})
		if a.impl == "goroutine" {
			read, a.pacer.hangUp = arm.Polling([]arm.Link{a.pacer.bytes})
		}
		wait = func(i int) error {
			more, err := read(0)
			if err == nil && !more {
				err = fmt.Errorf("expected the task to read %d bytes, seen %d", wakeups, i)
			}
			return err
		}
	}
	s := goroutines.NewStamps(wakeups)
	run := func() error {
		if in := arm.InOf(a.impl); in != nil {
			in()
		}
		if err := hasSlack(a.slack); err != nil {
			return err
		}
		for i := range wakeups {
			if err := wait(i); err != nil {
				return err
			}
			s.Put()
		}
		return hasSlack(a.slack)
	}
	return wakingTask{run, s.All, func() error { return nil }}, nil
}

// hogs starts the load. calm ends it, and fails if it was no load.
func (a *wakeupArm) hogs() (calm func() error, err error) {
	var stop func() ([]int64, error)
	switch {
	case a.load == "idle":
		return func() error { return nil }, nil
	case a.load == "outside":
		h, err := startHelper("hogs")
		if err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(h.out, make([]byte, 1)); err != nil {
			_, e := h.end()
			return nil, fmt.Errorf("waiting for another process's hogs: %w", errors.Join(err, e))
		}
		stop = h.end
	case a.impl == "clone":
		if stop, err = rawHogs(a.cpus); err != nil {
			return nil, err
		}
	default:
		end := goHogs(len(a.cpus))
		return func() error {
			chunks, seen, err := end()
			return errors.Join(err, hogged(chunks, seen, a.cpus))
		}, nil
	}
	return func() error {
		chunks, err := stop()
		return errors.Join(err, hogged(chunks, nil, a.cpus))
	}, nil
}

// rawHogs starts a raw thread on each of the CPUs that does chunks of work.
// stop ends them. It returns how many chunks each has done, and fails if the
// result of the work is wrong.
func rawHogs(cpus []int) (stop func() (chunks []int64, err error), err error) {
	h, err := threads.NewHogs()
	if err != nil {
		return nil, arm.SkipUnsupported(err)
	}
	stop = func() (chunks []int64, err error) {
		tids := h.TIDs()
		h.Release()
		h.Join()
		for i, end := range h.Ends() {
			chunks = append(chunks, end.Turns)
			if want := goroutines.Worked(uint64(tids[i]), int(end.Turns)*goroutines.WorkChunk); uint64(end.Got) != want {
				err = fmt.Errorf("expected a hog's %d chunks of work to have the result %d, seen %d", end.Turns, want, uint64(end.Got))
			}
		}
		return chunks, err
	}
	err = h.Make(len(cpus))
	h.Wait()
	for i, tid := range h.TIDs() {
		if e := threads.PinThread(tid, cpus[i]); e != nil {
			err = errors.Join(err, lockstep.Skipf("sched_setaffinity of a hog to CPU %d: %v; allow the call", cpus[i], e))
		}
	}
	if err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// Close ends what was not used.
func (a *wakeupArm) Close() error {
	var err error
	if a.pacer != nil {
		_, err = a.pacer.end()
		a.pacer.hangUp()
	}
	return errors.Join(err, arm.Leaks())
}

// A helper is this program in another process, in a role of its own.
type helper struct {
	pid     int
	in, out *os.File // its standard input and output
}

// helpers are the roles.
var helpers = map[string]func() int{"pacer": helping("pacer", pace), "hogs": helping("hogs", hog)}

// helping returns a helper's life, which ends with an exit code.
func helping(role string, help func() error) func() int {
	return func() int {
		if err := help(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
			return 1
		}
		return 0
	}
}

// startHelper starts a helper with the file descriptors, from 3 on. The helper
// ends when its standard input does, so it doesn't outlive this process.
func startHelper(role string, fds ...uintptr) (*helper, error) {
	in, err := arm.NewLink("syscall")
	if err != nil {
		return nil, err
	}
	out, err := arm.NewLink("syscall")
	if err != nil {
		in.Close()
		return nil, err
	}
	pid, err := syscall.ForkExec("/proc/self/exe", os.Args[:1], &syscall.ProcAttr{
		Env:   measure.Environ(os.Environ(), measure.WorkerVariable+"="+role, "GOMAXPROCS=1", "GOGC=off"),
		Files: append([]uintptr{uintptr(in.In), uintptr(out.Out), 2}, fds...),
	})
	unix.Close(in.In)
	unix.Close(out.Out)
	h := &helper{pid, os.NewFile(uintptr(in.Out), "a helper's standard input"), os.NewFile(uintptr(out.In), "a helper's standard output")}
	if err != nil {
		h.in.Close()
		h.out.Close()
		return nil, fmt.Errorf("starting another process for the %s: %w", role, err)
	}
	return h, nil
}

// end ends the helper, unless it has ended, and returns the numbers that it has
// written.
func (h *helper) end() (numbers []int64, err error) {
	if h.pid == 0 {
		return nil, nil
	}
	h.in.Close()
	numbers, err = readNumbers(h.out)
	h.out.Close()
	process, _ := os.FindProcess(h.pid) // it is there until someone waits for it
	h.pid = 0
	if state, e := process.Wait(); e != nil {
		err = errors.Join(err, e)
	} else if !state.Success() {
		err = errors.Join(err, fmt.Errorf("expected the other process to end with exit status 0, seen %v", state))
	}
	return numbers, err
}

// readNumbers reads what binary.Write wrote, to the end.
func readNumbers(r io.Reader) ([]int64, error) {
	text, err := io.ReadAll(r)
	numbers := make([]int64, len(text)/8)
	return numbers, errors.Join(err, binary.Read(bytes.NewReader(text), binary.LittleEndian, numbers))
}

// hog is the helper that runs a hog on every CPU until its input ends, and
// writes how many chunks of work each has done.
func hog() error {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return err
	}
	stop, err := rawHogs(cpus)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(arm.AByte) // reports that they run
	_, e := io.Copy(io.Discard, os.Stdin)
	chunks, e2 := stop()
	return errors.Join(err, e, e2, binary.Write(os.Stdout, binary.LittleEndian, chunks), arm.Leaks())
}

// A pacer is a helper that writes a byte at each of the instants.
type pacer struct {
	*helper
	bytes  arm.Link
	hangUp func() // closes the end that is read
}

func newPacer() (*pacer, error) {
	l, err := arm.NewLink("syscall")
	if err != nil {
		return nil, err
	}
	h, err := startHelper("pacer", uintptr(l.Out))
	unix.Close(l.Out) // so that the pipe ends with the pacer
	if err != nil {
		unix.Close(l.In)
		return nil, err
	}
	return &pacer{h, l, func() { unix.Close(l.In) }}, nil
}

// pace gives the pacer the instants, in nanoseconds of CLOCK_MONOTONIC.
func (p *pacer) pace(at []int64) error {
	return errors.Join(binary.Write(p.in, binary.LittleEndian, at), p.in.Close())
}

// pace is the helper that reads instants until its input ends, writes a byte to
// file descriptor 3 at each, and then writes its stamps, in ticks, to its
// output.
func pace() error {
	at, err := readNumbers(os.Stdin)
	if err != nil || len(at) == 0 {
		return err
	}
	// The pacer's thread inherits the slack of this one.
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return err
	}
	d, err := threads.NewPacer(at, 3)
	if err != nil {
		return err
	}
	_, err = d.Run(len(at), 0)
	stamps, _ := d.Stamps()
	if err == nil {
		err = binary.Write(os.Stdout, binary.LittleEndian, stamps)
	}
	return errors.Join(err, d.Close(), arm.Leaks())
}

// monotonic returns CLOCK_MONOTONIC in nanoseconds, which all processes share.
func monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic("bench: reading CLOCK_MONOTONIC: " + err.Error())
	}
	return t.Nano()
}

// An anchor is one instant by the counter and by CLOCK_MONOTONIC.
type anchor struct{ ticks, ns int64 }

func newAnchor() anchor {
	ticks, ns := arm.AtOnce(monotonic)
	return anchor{ticks, ns}
}

// anchors are an anchor before the measurement and one after it.
type anchors [2]anchor

// ns returns the nanoseconds of a tick.
func (a anchors) ns() float64 {
	return float64(a[1].ns-a[0].ns) / float64(a[1].ticks-a[0].ticks)
}

// delays returns how long after each instant its stamp was taken, in ticks.
func (a anchors) delays(at, stamps []int64) ([]int64, error) {
	since := make([]int64, len(at))
	for i, ns := range at {
		since[i] = a[0].ticks + int64(float64(ns-a[0].ns)/a.ns())
	}
	return arm.Intervals(since, stamps)
}
