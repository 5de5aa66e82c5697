package turns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

const (
	// mostOutput is what a process may print: a result takes some 100 bytes.
	mostOutput = 64 << 20
	// patience is how long to wait for the output of a process that has ended:
	// another process may hold it open.
	patience = time.Second
)

// ErrLimit is the error of a process that ran for Spec.Limit without a result.
var ErrLimit = errors.New("had not ended")

// A process is a running test binary and the processes that it starts. One
// goroutine uses it. The end of ctx kills it from another goroutine.
type process struct {
	spec  Spec
	begun time.Time
	turns []span        // since begun
	ran   time.Duration // their sum
	err   error         // why it was killed

	os     *os.Process
	exited bool // it can't be stopped or continued any more
	cut    bool // killed since it had done all that was wanted
	exit   exit // once it has ended
	mu     sync.Mutex
	reaped bool // its id may belong to another process

	out    output
	stderr complaints
	files  []*os.File    // our ends of its pipes
	read   chan struct{} // closed when all of its output is read
	undo   func() bool   // forgets ctx
}

// exit is how a process ended.
type exit struct {
	state    string // "exit status 1"; "" if it succeeded
	cpu      time.Duration
	children bool // it had processes of its own
}

// start starts a test binary. It runs until its first stop.
func start(ctx context.Context, program Program, s Spec, args []string) (*process, error) {
	p := &process{spec: s, read: make(chan struct{})}
	fail := func(err error) (*process, error) {
		for _, f := range p.files {
			f.Close()
		}
		return nil, fmt.Errorf("starting %s: %w", program.Path, err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return fail(err)
	}
	theirs := []*os.File{null}
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	for range 2 {
		r, w, err := os.Pipe()
		if err != nil {
			return fail(err)
		}
		p.files, theirs = append(p.files, r), append(theirs, w)
	}
	attr := &os.ProcAttr{Dir: program.Dir, Env: program.Env, Files: theirs, Sys: sysProcAttr()}
	if program.Dir != "" {
		attr.Env = measure.Environ(attr.Env, "PWD="+program.Dir)
	}
	err = lockstep.OnCPUs(s.cpus(), func() (err error) {
		p.begun = time.Now()
		p.os, err = os.StartProcess(program.Path, append([]string{program.Path}, args...), attr)
		return err
	})
	if err != nil {
		if p.os != nil { // this thread's CPUs couldn't be restored
			p.kill()
			p.await(false)
			p.reap()
		}
		return fail(err)
	}
	var both sync.WaitGroup
	both.Go(func() { p.out.readFrom(p.files[0], p.begun, p.kill) })
	both.Go(func() { p.stderr.readFrom(p.files[1]) })
	go func() {
		both.Wait()
		close(p.read)
	}()
	p.undo = context.AfterFunc(ctx, p.kill)
	return p, nil
}

// turn lets the process run for so long, or until it ends. A new process is
// running already.
func (p *process) turn(ctx context.Context, long time.Duration) {
	from := time.Duration(0)
	if len(p.turns) > 0 {
		from = time.Since(p.begun)
		p.resume()
	}
	if long > 0 {
		enough := time.NewTimer(long)
		select {
		case <-enough.C:
		case <-p.read:
		case <-ctx.Done():
		}
		enough.Stop()
	}
	p.stop()
	p.took(span{from, time.Since(p.begun)})
	p.exited = p.stopped()
	p.out.drain(p.files[0], p.begun)
	p.limit()
}

// stopped waits until the process, which was asked to stop, has stopped or
// ended. A process that is starting another one can't stop before the other
// runs its program, and the other was asked to stop, too. So if it takes long,
// all run for a moment and are asked again. Such moments count as turns.
func (p *process) stopped() (ended bool) {
	const long, moment = 100 * time.Millisecond, time.Millisecond
	over := make(chan struct{})
	nudged := make(chan []span, 1)
	go func() {
		var moments []span
		for {
			select {
			case <-over:
				nudged <- moments
				return
			case <-time.After(long):
				from := time.Since(p.begun)
				p.resume()
				time.Sleep(moment)
				p.stop()
				moments = append(moments, span{from, time.Since(p.begun)})
			}
		}
	}()
	ended = p.await(true)
	close(over)
	moments := <-nudged
	for _, m := range moments {
		p.took(m)
	}
	if len(moments) > 0 && !ended {
		return p.stopped() // it may have been asked again since
	}
	return ended
}

// took notes a turn.
func (p *process) took(t span) {
	p.turns = append(p.turns, t)
	p.ran += t.to - t.from
}

// runOut lets the process run to its end, in one turn.
func (p *process) runOut(ctx context.Context) {
	if p.spec.Limit > 0 {
		late := time.AfterFunc(p.spec.Limit, p.kill)
		defer late.Stop()
	}
	p.await(false)
	p.exited = true
	p.ran = time.Since(p.begun)
	p.turns = []span{{0, p.ran}}
	p.limit()
}

func (p *process) limit() {
	if p.spec.Limit > 0 && p.ran >= p.spec.Limit && p.err == nil {
		p.err = fmt.Errorf("it ran for %v and %w", p.spec.Limit, ErrLimit)
	}
}

// over tells whether the process takes no more turns.
func (p *process) over() bool {
	return p.exited || p.err != nil || p.spec.How == Slices && p.ran >= p.spec.Ran
}

// kill kills the process and those that it has started. It may be stopped.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		p.killGroup()
	}
}

// end kills what is left of the process and waits until all its output is read.
func (p *process) end() {
	if p.reaped {
		return
	}
	if !p.exited {
		p.cut = p.over() && p.err == nil
		p.kill()
		p.await(false)
		p.exited = true
	}
	p.mu.Lock()
	p.exit = p.reap()
	p.reaped = true
	p.mu.Unlock()
	p.undo()
	for _, f := range p.files {
		f.SetReadDeadline(time.Now().Add(patience))
	}
	<-p.read
	for _, f := range p.files {
		f.Close()
	}
	p.os.Release()
}

// fails is why the process has no reading: it was killed, or it failed.
func (p *process) fails() error {
	switch {
	case p.out.tooLong:
		return fmt.Errorf("it prints more than %d MiB", mostOutput>>20)
	case p.err != nil:
		return p.said(p.err)
	case p.exit.state != "" && !p.cut:
		return p.said(errors.New(p.exit.state))
	}
	return nil
}

// said adds the end of the process's output to an error.
func (p *process) said(err error) error {
	text := tail(string(p.out.text) + string(p.stderr.text))
	if text == "" {
		return err
	}
	return fmt.Errorf("%w:\n%s", err, text)
}

// tail is the end of a process's output.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// output is the output of a process, with times. A goroutine reads it as it
// arrives. That goroutine may be late on a busy machine, by whole turns, so drain
// reads at the end of each turn what it hasn't read.
type output struct {
	mu      sync.Mutex // held from a read until its time is noted
	text    []byte
	chunks  []chunk
	tooLong bool
}

// A chunk of output arrived at once.
type chunk struct {
	end int // the offset after it
	at  time.Duration
}

func (o *output) readFrom(r *os.File, begun time.Time, kill func()) {
	buf := make([]byte, 64<<10)
	for {
		n, err := o.read(r, buf, begun)
		if n > 0 && o.tooLong {
			kill()
			return
		}
		if err != nil {
			return
		}
	}
}

// add notes what was read. The caller holds mu.
func (o *output) add(text []byte, at time.Duration) {
	if len(o.text)+len(text) > mostOutput {
		o.tooLong = true
		return
	}
	o.text = append(o.text, text...)
	o.chunks = append(o.chunks, chunk{len(o.text), at})
}

// at is when the byte at the offset arrived.
func (o *output) at(offset int) time.Duration {
	for _, c := range o.chunks {
		if offset < c.end {
			return c.at
		}
	}
	return 0
}

// complaints is the end of a process's standard error. The lines of the
// collector's trace are not kept; their CPU time is added up.
type complaints struct {
	text []byte
	gc   time.Duration
	line []byte
}

const mostComplaints = 16 << 10

func (c *complaints) readFrom(r *os.File) {
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		c.line = append(c.line, buf[:n]...)
		for {
			line, rest, ok := bytes.Cut(c.line, []byte("\n"))
			if !ok && err == nil && len(c.line) < mostComplaints {
				break
			}
			if gc, traced := collection(line); traced {
				c.gc += gc
			} else if len(line) > 0 {
				c.text = append(append(c.text, line...), '\n')
				c.text = c.text[max(0, len(c.text)-mostComplaints):]
			}
			c.line = rest
			if !ok {
				c.line = nil
				break
			}
		}
		if err != nil {
			return
		}
	}
}
