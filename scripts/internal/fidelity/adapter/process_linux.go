package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
)

// patience is how long a judge may take to print a line.
var patience = 20 * time.Second

// longest is the most bytes that a line may have.
const longest = 64 << 10

// A process is a judge that runs. What it prints, to standard error as well, is
// read from one pipe.
type process struct {
	*judge
	pid     int
	out     int    // the pipe's end that is read, non-blocking
	text    []byte // read, and not taken yet
	last    string // the last line taken
	batches int
	over    bool // it has been waited for
	status  unix.WaitStatus
}

// start starts the judge on its CPUs. It dies with the adapter.
func (j *judge) start(args []string) (*process, error) {
	fail := func(err error) (*process, error) { return nil, fmt.Errorf("starting %s: %w", j.name, err) }
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return fail(err)
	}
	defer unix.Close(pipe[1])
	if err := unix.SetNonblock(pipe[0], true); err != nil {
		unix.Close(pipe[0])
		return fail(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		unix.Close(pipe[0])
		return fail(err)
	}
	defer null.Close()
	p := &process{judge: j, out: pipe[0]}
	err = onCPUs(j.cpus, func() (err error) {
		p.pid, err = syscall.ForkExec(j.path, append([]string{j.path}, args...), &syscall.ProcAttr{
			Env:   environ(),
			Files: []uintptr{null.Fd(), uintptr(pipe[1]), uintptr(pipe[1])},
			Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
		})
		return err
	})
	if err != nil {
		if p.pid > 0 {
			p.kill()
		} else {
			unix.Close(pipe[0])
		}
		return fail(err)
	}
	return p, nil
}

// onCPUs calls start, which starts a process, on the CPUs: a child inherits
// the mask of the thread that forks it. The calling thread is wired.
func onCPUs(cpus []int, start func() error) error {
	var before, set, got unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	for _, c := range cpus {
		set.Set(c)
	}
	err := unix.SchedSetaffinity(0, &set)
	if err == nil {
		err = unix.SchedGetaffinity(0, &got)
	}
	if err == nil && got != set {
		err = errors.New("not all of them are allowed")
	}
	if err != nil {
		err = fmt.Errorf("sched_setaffinity to CPUs %v: %w", cpus, err)
	} else {
		err = start()
	}
	if e := unix.SchedSetaffinity(0, &before); e != nil && err == nil {
		err = fmt.Errorf("sched_setaffinity back to the mask before: %w", e)
	}
	return err
}

// next is the next batch that the judge prints.
func (p *process) next() (batch, error) {
	deadline := time.Now().Add(patience)
	for {
		line, rest, ok := bytes.Cut(p.text, []byte("\n"))
		if !ok {
			if len(p.text) > longest {
				return batch{}, nonsense(p.name, string(p.text), "a line that ends")
			}
			more, err := p.read(deadline)
			if err != nil {
				return batch{}, err
			}
			if !more {
				return batch{}, p.early()
			}
			continue
		}
		p.last = strings.TrimSpace(string(line))
		p.text = rest
		b, ok, err := p.line(p.last)
		if err != nil {
			return b, err
		}
		if ok {
			p.batches++
			return b, nil
		}
	}
}

// read waits for what the judge prints and keeps it. more is false at the end of
// its output.
func (p *process) read(deadline time.Time) (more bool, err error) {
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return false, fmt.Errorf("%s printed no result within %v; before that %q", p.name, patience, p.last)
		}
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(p.out), Events: unix.POLLIN}}, int(left/time.Millisecond)+1)
		if err != nil && err != unix.EINTR {
			return false, fmt.Errorf("reading what %s prints: poll: %w", p.name, err)
		}
		n, err := p.take()
		if err == unix.EAGAIN {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("reading what %s prints: %w", p.name, err)
		}
		return n > 0, nil
	}
}

// take reads what there is.
func (p *process) take() (int, error) {
	var buf [4096]byte
	for {
		n, err := unix.Read(p.out, buf[:])
		if err == unix.EINTR {
			continue
		}
		if n > 0 {
			p.text = append(p.text, buf[:n]...)
		}
		return n, err
	}
}

// stop stops the judge, waits until all of its threads stand still, and drops
// the results that it has printed since the last one taken.
func (p *process) stop() error {
	if err := unix.Kill(p.pid, unix.SIGSTOP); err != nil {
		return fmt.Errorf("stopping %s: %w", p.name, err)
	}
	if err := p.wait(unix.WUNTRACED); err != nil {
		return fmt.Errorf("stopping %s: %w", p.name, err)
	}
	if p.over {
		return p.early()
	}
	for {
		n, err := p.take()
		if err == unix.EAGAIN {
			break
		}
		if err != nil || n == 0 {
			return fmt.Errorf("reading what %s printed before it was stopped: %d bytes, %v", p.name, n, err)
		}
	}
	if i := bytes.LastIndexByte(p.text, '\n'); i >= 0 {
		p.text = p.text[i+1:]
	}
	return nil
}

// resume lets the judge go on.
func (p *process) resume() error {
	if err := unix.Kill(p.pid, unix.SIGCONT); err != nil {
		return fmt.Errorf("resuming %s: %w", p.name, err)
	}
	return nil
}

// wait waits until the judge ends, or stops with WUNTRACED.
func (p *process) wait(options int) error {
	for {
		pid, err := unix.Wait4(p.pid, &p.status, options, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("wait4: %w", err)
		default:
			p.over = pid == p.pid && !p.status.Stopped()
			return nil
		}
	}
}

// early is the error of a judge whose output has ended, or that has ended
// itself, before it was told to.
func (p *process) early() error {
	p.settle()
	after := fmt.Sprintf("after %d results", p.batches)
	if text := strings.Join(strings.Fields(p.last+" "+string(p.text)), " "); text != "" {
		after += fmt.Sprintf("; it said %.300q", text)
	}
	return fmt.Errorf("%s ended early: %s, %s", p.name, ended(p.status), after)
}

// settle waits for a judge whose output has ended to end itself, for a second
// at the most.
func (p *process) settle() {
	for begin := time.Now(); !p.over; time.Sleep(time.Millisecond) {
		if p.wait(unix.WNOHANG) != nil || time.Since(begin) > time.Second {
			p.end()
		}
	}
}

func ended(s unix.WaitStatus) string {
	if s.Signaled() {
		return "signal: " + s.Signal().String()
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}

// kill ends the judge and forgets what it printed.
func (p *process) kill() {
	p.end()
	if p.out >= 0 {
		unix.Close(p.out)
		p.out = -1
	}
}

// end ends the judge, which may be stopped, and waits for its end.
func (p *process) end() {
	if p.over {
		return
	}
	unix.Kill(p.pid, unix.SIGKILL)
	if p.wait(0) != nil { // somebody else has waited for it
		p.over = true
	}
}

// run runs a process of the judge to its end, and reads the batches that it
// prints. ops is what it was told, if it was.
func (j *judge) run(args []string, ops int) ([]batch, error) {
	p, err := j.start(args)
	if err != nil {
		return nil, err
	}
	defer p.kill()
	// It prints nothing while it measures, so that only the whole of it has a deadline.
	deadline := time.Now().Add(patience)
	for more := true; more; {
		if more, err = p.read(deadline); err != nil {
			return nil, err
		}
		if len(p.text) > longest {
			return nil, nonsense(j.name, string(p.text), "less")
		}
	}
	p.settle()
	text := string(p.text)
	if !p.status.Exited() || p.status.ExitStatus() != 0 {
		return nil, fmt.Errorf("%s failed: %s; it said %.500q", j.name, ended(p.status), strings.Join(strings.Fields(text), " "))
	}
	if j.line == nil {
		b, err := j.all(text, ops)
		return []batch{b}, err
	}
	var bs []batch
	for line := range strings.Lines(text) {
		b, ok, err := j.line(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		if ok {
			bs = append(bs, b)
		}
	}
	if bs == nil {
		return nil, fmt.Errorf("%s ended without a result; it said %.300q", j.name, strings.Join(strings.Fields(text), " "))
	}
	return bs, nil
}

// lookPath finds a program; one that isn't there is a *lockstep.Skip.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", lockstep.Skipf("%s is not in PATH; install it (on Debian: apt-get install linux-perf)", name)
	}
	return path, nil
}
