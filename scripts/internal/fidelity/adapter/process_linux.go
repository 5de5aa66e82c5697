package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// longest is the greatest length in bytes of a line, and of the output of a
// judge that runs to its end.
const longest = 64 << 10

// A process is a running judge. One pipe has all that it prints, standard error
// included.
type process struct {
	*judge
	cmd     *exec.Cmd
	out     *os.File // the pipe's end that is read
	text    []byte   // read, but not taken yet
	said    string   // the last batch's line, and what it has printed since
	batches int
}

// start starts the judge on its CPUs. It dies with the adapter.
func (j *judge) start(args []string) (*process, error) {
	fail := func(err error) (*process, error) { return nil, fmt.Errorf("starting %s: %w", j.name, err) }
	r, w, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	defer w.Close()
	p := &process{judge: j, cmd: exec.Command(j.path, args...), out: r}
	p.cmd.Env = append(os.Environ(), "LC_ALL=C")
	p.cmd.Stdout, p.cmd.Stderr = w, w
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := lockstep.OnCPUs(j.cpus, p.cmd.Start); err != nil {
		p.kill()
		return fail(err)
	}
	return p, nil
}

// next is the next batch that the judge prints.
func (p *process) next() (batch, error) {
	if err := p.out.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return batch{}, p.reading(err)
	}
	for {
		line, rest, ok := bytes.Cut(p.text, []byte("\n"))
		if !ok {
			if len(p.text) > longest {
				return batch{}, fmt.Errorf("%s printed nonsense: %.200q; want a line that ends", p.name, p.text)
			}
			var buf [4096]byte
			n, err := p.out.Read(buf[:])
			p.text = append(p.text, buf[:n]...)
			if err == io.EOF {
				return batch{}, p.early()
			}
			if err != nil {
				return batch{}, p.reading(err)
			}
			continue
		}
		p.text = rest
		b, ok, err := p.batch(string(line))
		switch {
		case err != nil:
			return b, err
		case ok:
			p.batches++
			p.said = string(line)
			return b, nil
		case len(p.said) < longest:
			p.said += " " + string(line)
		}
	}
}

// reading makes an error of one in reading the judge's output.
func (p *process) reading(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%s printed no result within %v; before that %q", p.name, patience, words(p.said))
	}
	return fmt.Errorf("reading what %s prints: %w", p.name, err)
}

// stop stops the judge, waits until all of its threads have stopped, and drops
// the results that it has printed since the last one taken.
func (p *process) stop() error {
	fail := func(err error) error { return fmt.Errorf("stopping %s: %w", p.name, err) }
	if err := p.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		return fail(err)
	}
	var is unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, &is, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return fail(fmt.Errorf("waitid: %w", err))
		}
	}
	if is.Code != cldStopped {
		return p.early()
	}
	pipe, err := p.out.SyscallConn()
	if err != nil {
		return fail(err)
	}
	err = pipe.Control(func(fd uintptr) {
		var buf [4096]byte
		for {
			n, err := unix.Read(int(fd), buf[:]) // it doesn't block
			if n <= 0 && err != unix.EINTR {
				return
			}
			p.text = append(p.text, buf[:max(n, 0)]...)
		}
	})
	p.text = p.text[bytes.LastIndexByte(p.text, '\n')+1:]
	return err
}

// cldStopped is CLD_STOPPED, which waitid(2) answers for a process that has
// stopped and not ended.
const cldStopped = 5

// resume lets the judge continue.
func (p *process) resume() error {
	if err := p.cmd.Process.Signal(unix.SIGCONT); err != nil {
		return fmt.Errorf("resuming %s: %w", p.name, err)
	}
	return nil
}

// early is the error of a judge that has ended, or whose output has ended,
// without being told to.
func (p *process) early() error {
	p.settle()
	after := fmt.Sprintf("after %d results", p.batches)
	if text := words(p.said + " " + string(p.text)); text != "" {
		after += fmt.Sprintf("; it said %.300q", text)
	}
	return fmt.Errorf("%s ended early: %v, %s", p.name, p.cmd.ProcessState, after)
}

// settle waits for a judge whose output has ended to end itself, at most for a
// second.
func (p *process) settle() {
	timer := time.AfterFunc(time.Second, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	p.cmd.Wait()
}

// kill ends the judge, which may be stopped or have ended, and forgets its
// output.
func (p *process) kill() {
	if p.cmd.Process != nil && p.cmd.ProcessState == nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
	p.out.Close()
}

// run runs a process of the judge to its end and reads its batches.
func (j *judge) run(args []string) ([]batch, error) {
	p, err := j.start(args)
	if err != nil {
		return nil, err
	}
	defer p.kill()
	// The process prints nothing while it measures, so one deadline is for the
	// whole of it.
	err = p.out.SetReadDeadline(time.Now().Add(patience))
	if err == nil {
		p.text, err = io.ReadAll(io.LimitReader(p.out, longest+1))
	}
	switch {
	case err != nil:
		return nil, p.reading(err)
	case len(p.text) > longest:
		return nil, fmt.Errorf("%s printed nonsense: %.200q; want less", j.name, p.text)
	}
	p.settle()
	text := string(p.text)
	if !p.cmd.ProcessState.Success() {
		return nil, fmt.Errorf("%s failed: %v; it said %.500q", j.name, p.cmd.ProcessState, words(text))
	}
	var bs []batch
	for line := range strings.Lines(text) {
		b, ok, err := j.batch(line)
		if err != nil {
			return nil, err
		}
		if ok {
			bs = append(bs, b)
		}
	}
	if bs == nil {
		return nil, fmt.Errorf("%s ended without a result; it said %.300q", j.name, words(text))
	}
	return bs, nil
}

// batch reads a line that the judge prints.
func (j *judge) batch(line string) (batch, bool, error) {
	line = strings.TrimSpace(line)
	b, ok, err := j.line(line)
	if err != nil {
		err = fmt.Errorf("%s printed nonsense: %.200q: %w", j.name, line, err)
	}
	return b, ok, err
}

// words is a text in one line.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }
