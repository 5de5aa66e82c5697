package serve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
)

// The client is a worker whose coordinator is the server. The environment tells
// it where to connect. It has four turns: to connect, and three loops that last
// the given milliseconds, two closed ones and an open one.

// clientOnly is the name of a case for which a worker becomes the client of a
// server.
const clientOnly = "client"

// clientVariable holds the server's port and the number of connections.
const clientVariable = "THREADBENCH_CLIENT"

// answersWithin is how long the client waits for answers.
var answersWithin = 10 * time.Second

func openClient(func(string)) (lockstep.Arm, error) {
	c := &client{}
	to := os.Getenv(clientVariable)
	if _, err := fmt.Sscanf(to, "%d %d", &c.port, &c.n); err != nil {
		return nil, fmt.Errorf("reading %s=%q: %w; it should be the port and the number of connections", clientVariable, to, err)
	}
	var err error
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	return c, nil
}

type client struct {
	port, n int
	epoll   int
	turns   int
	fds     []int   // of all connections
	active  []*conn // connections that carry requests
	events  [256]unix.EpollEvent
	in      [64 * serveBytes]byte
	out     [serveBytes]byte
	began   time.Time
	wanted  int // answers
	got     int
	next    bool    // each answer triggers the next request
	taken   []int64 // ns from a request's instant to its answer
}

// A conn is an active connection. Its requests are numbered.
type conn struct {
	fd             int
	sent, answered uint64
	part           int // bytes of an incomplete answer
	partial        [serveBytes]byte
}

func (c *client) Run(ms int) (lockstep.Slice, error) {
	c.turns++
	lasts := time.Duration(ms) * time.Millisecond
	switch c.turns {
	case 1:
		return c.connect()
	case 2, 3:
		return c.closedLoop(lasts)
	case 4:
		return c.openLoop(lasts)
	}
	return lockstep.Slice{}, errors.New("a client has four turns")
}

// connect opens the connections, one after the other.
func (c *client) connect() (lockstep.Slice, error) {
	began := time.Now()
	for i := range c.n {
		fd, err := arm.Dial(c.port)
		if err != nil {
			return lockstep.Slice{}, fmt.Errorf("connection %d of %d to port %d: %w", i+1, c.n, c.port, err)
		}
		c.fds = append(c.fds, fd)
		if i%serveActive != 0 {
			continue
		}
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(c.active))}
		if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			return lockstep.Slice{}, fmt.Errorf("epoll_ctl: %w", err)
		}
		c.active = append(c.active, &conn{fd: fd})
	}
	return lockstep.Slice{Ops: c.n, Elapsed: time.Since(began)}, nil
}

// message fills in a request: its connection's number and its own, the instant
// at which it should be sent, and a pattern that no other request has.
func message(b []byte, conn int, number uint64, due time.Duration) {
	binary.LittleEndian.PutUint64(b, uint64(conn)<<48|number)
	binary.LittleEndian.PutUint64(b[8:], uint64(due))
	for i := 16; i < serveBytes; i += 8 {
		number = number*6364136223846793005 + uint64(conn) + 1442695040888963407
		binary.LittleEndian.PutUint64(b[i:], number)
	}
}

// send sends the connection's next request.
func (c *client) send(i int, due time.Duration) error {
	k := c.active[i]
	message(c.out[:], i, k.sent, due)
	n, err := unix.Write(k.fd, c.out[:])
	for err == unix.EINTR {
		n, err = unix.Write(k.fd, c.out[:])
	}
	if err != nil || n != serveBytes {
		return fmt.Errorf("sending request %d of connection %d: %d of %d bytes: %v", k.sent+1, i+1, n, serveBytes, err)
	}
	k.sent++
	return nil
}

// poll waits up to ms milliseconds for answers, and takes those that have come.
func (c *client) poll(ms int) error {
	ready, err := unix.EpollWait(c.epoll, c.events[:], ms)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("epoll_wait: %w", err)
	}
	for _, e := range c.events[:max(0, ready)] {
		if err := c.receive(int(e.Fd)); err != nil {
			return err
		}
	}
	return nil
}

// receive reads what a connection has, and compares it with what was sent.
func (c *client) receive(i int) error {
	k := c.active[i]
	copy(c.in[:], k.partial[:k.part])
	n, err := unix.Read(k.fd, c.in[k.part:])
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return nil
	case err != nil:
		return fmt.Errorf("reading an answer on connection %d: %w", i+1, err)
	case n == 0:
		return fmt.Errorf("expected answer %d of connection %d, seen its end", k.answered+1, i+1)
	}
	now := time.Since(c.began)
	left := c.in[:k.part+n]
	for ; len(left) >= serveBytes; left = left[serveBytes:] {
		if err := c.answer(i, left[:serveBytes], now); err != nil {
			return err
		}
	}
	k.part = copy(k.partial[:], left)
	return nil
}

// answer takes one answer.
func (c *client) answer(i int, b []byte, now time.Duration) error {
	k := c.active[i]
	due := time.Duration(binary.LittleEndian.Uint64(b[8:]))
	var want [serveBytes]byte
	message(want[:], i, k.answered, due)
	if string(want[:]) != string(b) || k.answered == k.sent {
		return fmt.Errorf("expected answer %d of connection %d, of %d requests, to be what was sent, %x; seen %x", k.answered+1, i+1, k.sent, want, b)
	}
	k.answered++
	c.got++
	if !c.next {
		c.taken = append(c.taken, int64(now-due))
		return nil
	}
	c.wanted++
	return c.send(i, now)
}

// await waits for that many answers in all.
func (c *client) await(answers int) error {
	for until := time.Now().Add(answersWithin); c.got < answers; {
		if err := c.poll(100); err != nil {
			return err
		}
		if c.got < answers && time.Now().After(until) {
			return fmt.Errorf("expected %d answers to %d requests, seen %d within %v", answers, c.wanted, c.got, answersWithin)
		}
	}
	return nil
}

// begin resets the counts of the turn before.
func (c *client) begin(next bool) {
	c.began, c.wanted, c.got, c.next, c.taken = time.Now(), 0, 0, next, nil
}

// closedLoop keeps one request under way on each active connection. The clock
// starts after as many answers as connections: the first requests, sent all at
// once, are over by then. Ops and figures are of the answers from then on. The
// counts are of all, to the last answer.
func (c *client) closedLoop(lasts time.Duration) (lockstep.Slice, error) {
	c.begin(true)
	for i := range c.active {
		c.wanted++
		if err := c.send(i, 0); err != nil {
			return lockstep.Slice{}, err
		}
	}
	if err := c.await(len(c.active)); err != nil {
		return lockstep.Slice{}, err
	}
	cpu := host.CpuTime()
	began, before := time.Now(), c.got
	elapsed := time.Duration(0)
	for ; elapsed < lasts || c.got == before; elapsed = time.Since(began) {
		if err := c.await(c.got + 1); err != nil {
			return lockstep.Slice{}, err
		}
	}
	ops, own := c.got-before, host.CpuTime()-cpu
	if cpu < 0 || own <= 0 {
		return lockstep.Slice{}, host.ErrNoCPUTime
	}
	c.next = false
	if err := c.await(c.wanted); err != nil {
		return lockstep.Slice{}, err
	}
	return lockstep.Slice{Ops: ops, Elapsed: elapsed,
		Counts: map[string]int64{"requests": int64(c.wanted), "answers": int64(c.got)},
		Figures: map[string]float64{
			"client-share": float64(own) / float64(elapsed),
			"client-req/s": float64(ops) / time.Duration(own).Seconds(),
		}}, nil
}

// openRate returns the requests a second of an open loop on that many active
// connections.
func openRate(active int) int { return min(active*serveRate, serveRateAll) }

// openLoop sends requests by the clock, on each active connection in turn. It
// measures each from the instant at which it should be sent.
func (c *client) openLoop(lasts time.Duration) (lockstep.Slice, error) {
	c.begin(false)
	every := time.Second / time.Duration(openRate(len(c.active)))
	requests := int(lasts / every)
	c.taken = make([]int64, 0, requests)
	late := make([]int64, 0, requests)
	for c.wanted < requests {
		due := time.Duration(c.wanted) * every
		if now := time.Since(c.began); now >= due {
			late = append(late, int64(now-due))
			if err := c.send(c.wanted%len(c.active), due); err != nil {
				return lockstep.Slice{}, err
			}
			c.wanted++
		}
		if err := c.poll(0); err != nil {
			return lockstep.Slice{}, err
		}
	}
	if err := c.await(c.wanted); err != nil {
		return lockstep.Slice{}, err
	}
	cost, err := arm.StampCost(false)
	if err != nil {
		return lockstep.Slice{}, err
	}
	figures, err := arm.Distribution(c.taken, 1, cost)
	if err != nil {
		return lockstep.Slice{}, err
	}
	slices.Sort(late)
	figures["late-ns"] = float64(late[(len(late)-1)*99/100])
	return lockstep.Slice{Ops: c.got, Elapsed: time.Since(c.began),
		Counts:  map[string]int64{"requests": int64(c.wanted), "answers": int64(c.got)},
		Figures: figures}, nil
}

// Close resets every connection.
func (c *client) Close() error {
	for _, fd := range c.fds {
		unix.Close(fd)
	}
	return unix.Close(c.epoll)
}
