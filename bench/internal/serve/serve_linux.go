package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/threads"
)

// A server writes back what it reads on its connections.
type server interface {
	// serve begins to, on each connection, and owns them from then on.
	serve(fds []int) error
	// threads returns the ids of the threads that belong to the connections. It
	// is nil if they have none, or if the server doesn't know.
	threads() []int
	// wait returns when all connections have ended, with the number of bytes
	// written back.
	wait() (bytes int64, err error)
}

func openServe(impl, mode string, n int) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		a := &serveArm{n: n, blocking: mode == "blocking"}
		ofRuntime := impl != "clone"
		switch impl {
		case "clone":
			set, err := threads.NewEchoers(threads.LeastStack(0), nil)
			if err != nil {
				return nil, arm.SkipUnsupported(err)
			}
			set.Join() // it was to see whether raw threads can be made here
			a.server = &rawServer{}
		case "floor":
			a.server = &loopServer{}
		default:
			a.server = &goServer{blocking: a.blocking, locked: impl == "locked"}
		}
		takesThreads := a.blocking || impl == "locked"
		// Arms whose threads the ledger of claims judges have no evidence of
		// threads.
		a.threaded = takesThreads && ofRuntime
		a.single = impl == "floor"
		a.inCalls = a.blocking && ofRuntime
		a.polls = impl == "locked" && !a.blocking
		a.parks = impl == "goroutine" && !a.blocking
		if takesThreads {
			need := arm.NeedOf(n, ofRuntime)
			need.BytesPerThread = 128 << 10
			if ofRuntime {
				// The runtime's own limit: this process may raise it.
				debug.SetMaxThreads(max(10_000, 2*n))
			}
			if err := arm.Headroom(need); err != nil {
				return nil, err
			}
		}
		if err := roomForConns(n); err != nil {
			return nil, err
		}
		return a, nil
	}
}

// roomForConns returns a *lockstep.Skip that names the limit unless a process
// can have n connections open, with a port for each.
func roomForConns(n int) error {
	const besides = 64 // a worker's other descriptors
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("getrlimit: %w", err)
	}
	// Package os has raised the soft limit to the hard one.
	if files.Cur < uint64(n+besides) {
		return lockstep.Skipf("RLIMIT_NOFILE %d: descriptors for %d connections and %d more wanted; raise it: ulimit -Hn %d", files.Cur, n, besides, n+besides)
	}
	const path = "/proc/sys/net/ipv4/ip_local_port_range"
	text, err := os.ReadFile(path)
	if err != nil {
		return nil // connect will fail if there are too few
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil {
		return fmt.Errorf("reading %s: %q: %w", path, text, err)
	}
	if ports := high - low + 1; ports < n+besides {
		return lockstep.Skipf("net.ipv4.ip_local_port_range %d %d: ports for %d connections wanted; raise it: sysctl -w net.ipv4.ip_local_port_range='16384 60999'", low, high, n)
	}
	return nil
}

type serveArm struct {
	server   server
	n        int
	blocking bool // connections are in blocking mode
	threaded bool // each connection has to hold a thread
	single   bool // none may
	inCalls  bool // each has a goroutine in a system call
	polls    bool // each has a goroutine that waits outside of a system call
	parks    bool // each has a goroutine that waits, parked or in a system call

	before headcount
}

// A headcount is the number of a process's threads and goroutines.
type headcount struct {
	threads          int64 // by the kernel's count
	waiting, inCalls int64 // goroutines
}

func takeHeadcount() (c headcount, err error) {
	alive, err := host.KernelThreads()
	if err != nil {
		return c, err
	}
	return headcount{int64(alive), host.Count(host.GoroutinesWaiting), host.Count(host.GoroutinesInCalls)}, nil
}

// parkFor is how long the connections' tasks may take until they wait; a test
// shortens it.
var parkFor = 30 * time.Second

// settle returns when the task of each connection waits as its mode says, or
// with an error that says what the tasks do instead.
func (a *serveArm) settle() error {
	for until := time.Now().Add(parkFor); ; time.Sleep(time.Millisecond) {
		now, err := takeHeadcount()
		if err != nil {
			return err
		}
		if err = errors.Join(a.parked(now), a.threadsOf(now)); err == nil || time.Now().After(until) {
			return err
		}
	}
}

// parked returns an error unless a goroutine waits for each connection, in a
// system call or outside of one if the arm says so.
func (a *serveArm) parked(now headcount) error {
	waiting, inCalls := now.waiting-a.before.waiting, now.inCalls-a.before.inCalls
	switch {
	case a.parks && waiting+inCalls < int64(a.n):
		return fmt.Errorf("expected a goroutine that waits for each of %d connections, seen %d, and %d in system calls", a.n, waiting, inCalls)
	case a.polls && waiting < int64(a.n):
		return fmt.Errorf("expected a goroutine that waits outside of a system call for each of %d connections, seen %d, and %d in system calls", a.n, waiting, inCalls)
	case a.inCalls && inCalls < int64(a.n):
		return fmt.Errorf("expected a goroutine in a system call for each of %d connections, seen %d, and %d that wait", a.n, inCalls, waiting)
	}
	return nil
}

// threadsOf returns an error unless a control has the right number of threads,
// a few of the runtime's own aside, and each task that reports its thread has
// begun.
func (a *serveArm) threadsOf(now headcount) error {
	n, made := int64(a.n), now.threads-a.before.threads
	few := min(serveFewThreads, n/2)
	spare := few
	if a.polls {
		spare = min(serveSpareThreads, n-1)
	}
	switch {
	case a.threaded && (made < n-few || made > n+spare):
		return fmt.Errorf("expected a thread for each of %d connections, %d to %d in all; seen %d", n, n-few, n+spare, made)
	case a.single && now.threads > serveFewThreads:
		return fmt.Errorf("expected at most %d threads for %d connections, seen %d", serveFewThreads, n, now.threads)
	}
	ids := a.server.threads()
	switch {
	case ids != nil && arm.Begun(ids) != n:
		return fmt.Errorf("expected a task that has begun for each of %d connections, seen %d", n, arm.Begun(ids))
	case ids != nil && a.threaded && arm.Distinct(ids) != n:
		return fmt.Errorf("expected %d threads of the connections, seen %d", n, arm.Distinct(ids))
	}
	return nil
}

// Measure serves the client's loops.
func (a *serveArm) Measure() (s lockstep.Slice, err error) {
	listener, port, err := arm.Listen(a.n)
	if err != nil {
		return s, err
	}
	defer listener.Close()

	ctx := context.Background()
	client, err := a.startClient(ctx, port)
	if err != nil {
		return s, err
	}
	defer client.Kill()
	meter, err := host.NewMemoryMeter() // after the client, which stays outside of its group
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, meter.Close()) }()

	empty, err := meter.Read()
	if err != nil {
		return s, err
	}
	if a.before, err = takeHeadcount(); err != nil {
		return s, err
	}
	connected := make(chan error, 1)
	go func() {
		_, err := client.Run(ctx, 1)
		connected <- err
		if err != nil {
			listener.Close() // ends accept
		}
	}()
	fds, err := arm.Accept(listener, a.n, a.blocking)
	if err != nil {
		err = errors.Join(<-connected, err)
	} else {
		err = <-connected
	}
	if err != nil {
		arm.CloseAll(fds)
		return s, fmt.Errorf("connecting: %w", err)
	}
	if err := a.server.serve(fds); err != nil {
		client.Kill()
		a.server.wait()
		return s, err
	}
	s, err = a.loops(ctx, client, meter, empty)
	client.Kill() // if it has not ended; this ends its connections
	bytes, failed := a.server.wait()
	if err = errors.Join(err, failed); err != nil {
		return s, err
	}
	if want := serveBytes * s.Counts["answers"]; bytes != want {
		return s, fmt.Errorf("expected %d bytes for %d requests, written back by the server %d", want, s.Counts["answers"], bytes)
	}
	return s, nil
}

// loops has the client do its loops, and close.
func (a *serveArm) loops(ctx context.Context, client *lockstep.Worker, meter *host.MemoryMeter, empty host.Memory) (s lockstep.Slice, err error) {
	if err := a.settle(); err != nil {
		return s, err
	}
	full, err := meter.Read()
	if err != nil {
		return s, err
	}
	counts := map[string]int64{}
	turn := func(lasts time.Duration) (lockstep.Slice, error) {
		if measure.Fewer() {
			lasts /= serveFewer
		}
		s, err := client.Run(ctx, int(lasts.Milliseconds()))
		if err != nil {
			return s, fmt.Errorf("client: %w", err)
		}
		for k, v := range s.Counts {
			counts[k] += v
		}
		return s, nil
	}
	if _, err := turn(serveWarm); err != nil {
		return s, err
	}
	spent := host.CpuTimeOnOneCPU()
	closed, err := turn(serveClosed)
	if err != nil {
		return s, err
	}
	if spent = host.CpuTimeOnOneCPU() - spent; spent <= 0 {
		return s, host.ErrNoCPUTime
	}
	open, err := turn(serveOpen)
	if err != nil {
		return s, err
	}
	now, err := takeHeadcount()
	if err == nil {
		err = a.threadsOf(now)
	}
	if err != nil {
		return s, err
	}
	if counts["requests"] != counts["answers"] {
		return s, fmt.Errorf("expected an answer to each of %d requests, seen %d", counts["requests"], counts["answers"])
	}
	if err := client.Close(ctx); err != nil {
		return s, fmt.Errorf("client: %w", err)
	}
	n := float64(a.n)
	figures := open.Figures
	for unit, x := range closed.Figures {
		figures[unit] = x
	}
	serveRates(figures, spent, closed)
	figures["threads"] = float64(now.threads)
	figures["threads/conn"] = float64(now.threads-a.before.threads) / n
	if a.n >= serveLeastHeld {
		figures["user-B/task"] = float64(full.User-empty.User) / n
		figures["kernel-B/task"] = float64(full.Kernel-empty.Kernel) / n
	}
	return lockstep.Slice{Ops: closed.Ops, Counts: counts, Figures: figures}, nil
}

// serveRates adds the figures of the closed loop that need both sides: spent is
// the server's CPU time. The client's own figures are there already.
func serveRates(figures map[string]float64, spent int64, closed lockstep.Slice) {
	figures["cpu-ns/op"] = float64(spent) / float64(closed.Counts["answers"])
	figures["both-cpu-ns/op"] = figures["cpu-ns/op"] + 1e9/figures["client-req/s"]
	if figures["client-share"] < serveClientLimits {
		figures["req/s"] = float64(closed.Ops) / closed.Elapsed.Seconds()
	}
}

// startClient keeps this process on the chosen one of its CPUs, and starts the
// client on the other.
func (a *serveArm) startClient(ctx context.Context, port int) (*lockstep.Worker, error) {
	chosen, other, err := measure.TwoCPUs()
	if err != nil {
		return nil, err
	}
	if err := lockstep.KeepTo([]int{chosen}); err != nil {
		return nil, err
	}
	return arm.StartAside(ctx, clientOnly, []int{other}, clientVariable+"="+fmt.Sprint(port, a.n))
}

// Close checks that no raw thread is left.
func (a *serveArm) Close() error { return arm.Leaks() }

// goServer is a goroutine for each connection, which waits through the poller
// or in read(2).
type goServer struct {
	blocking, locked bool

	tasks  sync.WaitGroup
	begun  atomic.Int64
	ids    []int
	echoed atomic.Int64
	failed atomic.Pointer[error]
}

func (s *goServer) serve(fds []int) error {
	if s.locked {
		s.ids = make([]int, len(fds))
	}
	for i, fd := range fds {
		s.tasks.Add(1)
		go s.connection(i, fd)
	}
	for s.begun.Load() < int64(len(fds)) {
		time.Sleep(time.Millisecond)
	}
	return nil
}

func (s *goServer) connection(i, fd int) {
	defer s.tasks.Done()
	if s.locked {
		// Unlock at the end: the client dies with the thread that started it,
		// which may be this one.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		s.ids[i] = threads.TID()
	}
	var conn io.ReadWriteCloser = blockingConn(fd)
	if !s.blocking {
		conn = os.NewFile(uintptr(fd), "connection")
	}
	s.begun.Add(1)
	n, err := echo(conn)
	s.echoed.Add(n)
	if err = errors.Join(err, conn.Close()); err != nil {
		s.failed.Store(&err)
	}
}

// echo writes back what it reads until the connection ends.
func echo(conn io.ReadWriter) (bytes int64, err error) {
	b := make([]byte, serveBytes)
	for {
		n, err := conn.Read(b)
		if arm.Over(err) {
			return bytes, nil
		}
		if err == nil {
			n, err = conn.Write(b[:n])
			bytes += int64(n)
		}
		if err != nil {
			return bytes, err
		}
	}
}

func (s *goServer) threads() []int { return s.ids }

func (s *goServer) wait() (int64, error) {
	s.tasks.Wait()
	if err := s.failed.Load(); err != nil {
		return s.echoed.Load(), *err
	}
	return s.echoed.Load(), nil
}

// blockingConn is a socket in blocking mode.
type blockingConn int

func (c blockingConn) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(c), b)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("read: %w", err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (c blockingConn) Write(b []byte) (int, error) {
	for done := 0; ; {
		n, err := unix.Write(int(c), b[done:])
		done += max(0, n)
		if done == len(b) {
			return done, nil
		}
		if err != nil && err != unix.EINTR {
			return done, fmt.Errorf("write: %w", err)
		}
	}
}

func (c blockingConn) Close() error { return unix.Close(int(c)) }

// rawServer is a raw thread for each connection, blocked in read(2).
type rawServer struct {
	set *threads.Set
	fds []int
}

func (s *rawServer) serve(fds []int) (err error) {
	s.fds = fds
	if s.set, err = threads.NewEchoers(threads.LeastStack(0), fds); err != nil {
		return err
	}
	if err := s.set.Make(len(fds)); err != nil {
		return err
	}
	s.set.Wait()
	return nil
}

func (s *rawServer) threads() []int { return s.set.TIDs() }

func (s *rawServer) wait() (int64, error) {
	defer arm.CloseAll(s.fds)
	if s.set == nil {
		return 0, nil
	}
	s.set.Join()
	return s.set.Echoed()
}

// loopServer is one task for all connections, with epoll(7).
type loopServer struct {
	ended  chan error
	echoed int64
}

func (s *loopServer) serve(fds []int) error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	for i := 0; i < len(fds) && err == nil; i++ {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fds[i])}
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fds[i], &event)
	}
	s.ended = make(chan error, 1)
	if err != nil {
		arm.CloseAll(fds)
		err = fmt.Errorf("epoll: %w", err)
		s.ended <- nil
		return err
	}
	go func() {
		err := s.loop(epoll, len(fds))
		arm.CloseAll(fds)
		s.ended <- errors.Join(err, unix.Close(epoll))
	}()
	return nil
}

func (s *loopServer) loop(epoll, open int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]unix.EpollEvent, 256)
	b := make([]byte, serveBytes)
	for open > 0 {
		ready, err := unix.EpollWait(epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for _, e := range events[:max(0, ready)] {
			conn := blockingConn(e.Fd)
			n, err := conn.Read(b)
			if arm.Over(err) {
				open--
				if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, int(e.Fd), nil); err != nil {
					return fmt.Errorf("epoll_ctl: %w", err)
				}
				continue
			}
			if err == nil {
				n, err = conn.Write(b[:n])
				s.echoed += int64(n)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *loopServer) threads() []int { return nil }

func (s *loopServer) wait() (int64, error) {
	err := <-s.ended
	return s.echoed, err
}
