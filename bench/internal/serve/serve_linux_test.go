package serve

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/threads"
)

// clientAndPeer is a client with one active connection, and that one's other
// end.
func clientAndPeer(t *testing.T) (*client, int) {
	t.Helper()
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{n: 1, epoll: epoll, fds: []int{ends[0]}, active: []*conn{{fd: ends[0]}}}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, ends[0], &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		unix.Close(ends[1])
	})
	c.begin(false)
	return c, ends[1]
}

// TestClientHoldsAnswers feeds a client answers that are not what it has sent.
func TestClientHoldsAnswers(t *testing.T) {
	swap := func(b []byte) [][]byte { return [][]byte{b[serveBytes:], b[:serveBytes]} }
	for _, test := range []struct {
		name   string
		answer func(b []byte) [][]byte // to two requests, in writes
		want   string                  // of the error, "" for none
	}{
		{"as sent", func(b []byte) [][]byte { return [][]byte{b} }, ""},
		{"in pieces", func(b []byte) [][]byte { return [][]byte{b[:1], b[1:100], b[100:]} }, ""},
		{"the first byte", func(b []byte) [][]byte { b[0] ^= 1; return [][]byte{b} }, "expected answer 1 of connection 1"},
		{"the last byte", func(b []byte) [][]byte { b[2*serveBytes-1] ^= 0x80; return [][]byte{b} }, "expected answer 2 of connection 1"},
		{"in another order", swap, "expected answer 1 of connection 1"},
		{"one twice", func(b []byte) [][]byte { return [][]byte{b[:serveBytes], b[:serveBytes]} }, "expected answer 2 of connection 1"},
		{"one too many", func(b []byte) [][]byte {
			var third [serveBytes]byte
			message(third[:], 0, 2, 0)
			return [][]byte{b, third[:]}
		}, "expected answer 3 of connection 1, of 2 requests"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, peer := clientAndPeer(t)
			for range 2 {
				if err := c.send(0, 0); err != nil {
					t.Fatal(err)
				}
			}
			b := make([]byte, 2*serveBytes)
			if n, err := unix.Read(peer, b); n != len(b) {
				t.Fatalf("read %d: %v", n, err)
			}
			var err error
			for _, part := range test.answer(b) {
				if _, e := unix.Write(peer, part); e != nil {
					t.Fatal(e)
				}
				if err == nil {
					err = c.poll(1000)
				}
			}
			switch {
			case test.want == "" && (err != nil || c.got != 2 || len(c.taken) != 2):
				t.Errorf("%v, with %d answers and %d times", err, c.got, len(c.taken))
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestClientSeesTheEnd: a server that hangs up has answered nothing.
func TestClientSeesTheEnd(t *testing.T) {
	c, peer := clientAndPeer(t)
	unix.Shutdown(peer, unix.SHUT_WR)
	if err := c.poll(1000); err == nil || !strings.Contains(err.Error(), "seen its end") {
		t.Errorf("error %v", err)
	}
}

// TestClientAwaits: answers that don't come are missed.
func TestClientAwaits(t *testing.T) {
	defer func(within time.Duration) { answersWithin = within }(answersWithin)
	answersWithin = time.Millisecond
	c, _ := clientAndPeer(t)
	if err := c.send(0, 0); err != nil {
		t.Fatal(err)
	}
	c.wanted = 1
	if err := c.await(1); err == nil || !strings.Contains(err.Error(), "expected 1 answers to 1 requests, seen 0") {
		t.Errorf("error %v", err)
	}
}

// TestServeRates: req/s is the server's only where the client has time left.
func TestServeRates(t *testing.T) {
	for _, test := range []struct {
		share float64
		there bool
	}{{0.4, true}, {0.7499, true}, {0.75, false}, {0.99, false}, {1.01, false}} {
		figures := map[string]float64{"client-share": test.share, "client-req/s": 50_000}
		serveRates(figures, 3_000_000, lockstep.Slice{Ops: 100, Elapsed: 10 * time.Millisecond, Counts: map[string]int64{"answers": 150}})
		rate, there := figures["req/s"]
		if there != test.there || there && rate != 10_000 {
			t.Errorf("a client busy for %v: %v req/s, %t", test.share, rate, there)
		}
		if figures["cpu-ns/op"] != 20_000 || figures["both-cpu-ns/op"] != 40_000 {
			t.Errorf("a client busy for %v: %v", test.share, figures)
		}
	}
}

// TestOpenRate: so many requests a second on each, up to the most in all.
func TestOpenRate(t *testing.T) {
	for active, want := range map[int]int{1: 1000, 3: 3000, 5: 5000, 10: 5000, 1000: 5000} {
		if got := openRate(active); got != want {
			t.Errorf("on %d active connections %d requests a second, want %d", active, got, want)
		}
	}
}

// TestIntendedInstant: a late answer makes all later requests late, since each is
// timed from the instant at which it should be sent.
func TestIntendedInstant(t *testing.T) {
	c, peer := clientAndPeer(t)
	const stall = 50 * time.Millisecond
	c.began = time.Now().Add(-stall)
	for i := range 3 {
		if err := c.send(0, time.Duration(i)*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 3*serveBytes)
	if n, err := unix.Read(peer, b); n != len(b) {
		t.Fatalf("read %d: %v", n, err)
	}
	for i := range 3 {
		if due := binary.LittleEndian.Uint64(b[i*serveBytes+8:]); due != uint64(i)*uint64(time.Millisecond) {
			t.Errorf("request %d says that it was due at %d", i, due)
		}
	}
	unix.Write(peer, b)
	if err := c.poll(1000); err != nil {
		t.Fatal(err)
	}
	for i, ns := range c.taken {
		if ns < int64(stall)-int64(i)*int64(time.Millisecond) {
			t.Errorf("request %d took %d ns, want %v and more, less what it was due later", i, ns, stall)
		}
	}
}

// A liar is a server that doesn't do what it says.
type liar struct {
	goServer
	more   int64 // it says that it has written so many bytes more
	flips  bool  // it answers with another last byte
	ids    []int // it says that these are its connections' threads
	closes bool  // it hangs up
}

func (s *liar) serve(fds []int) error {
	if !s.flips && !s.closes {
		return s.goServer.serve(fds)
	}
	for _, fd := range fds {
		s.tasks.Add(1)
		go func() {
			defer s.tasks.Done()
			conn := os.NewFile(uintptr(fd), "connection")
			defer conn.Close()
			b := make([]byte, serveBytes)
			for !s.closes {
				if _, err := io.ReadFull(conn, b); err != nil {
					return
				}
				b[len(b)-1] ^= 1
				conn.Write(b)
			}
		}()
	}
	return nil
}

func (s *liar) threads() []int { return s.ids }

func (s *liar) wait() (int64, error) {
	n, err := s.goServer.wait()
	return n + s.more, err
}

// TestServeEvidenceCanFail measures arms that are not what they say.
func TestServeEvidenceCanFail(t *testing.T) {
	for _, test := range []struct {
		name string
		arm  *serveArm
		want string // of the error, "" for none
	}{
		{"as it says", &serveArm{server: &liar{}, parks: true}, ""},
		{"bytes", &serveArm{server: &liar{more: 1}, parks: true}, "written back by the server"},
		{"answers", &serveArm{server: &liar{flips: true}}, "expected answer 1 of connection"},
		{"hangs up", &serveArm{server: &liar{closes: true}}, "client: "},
		{"no threads", &serveArm{server: &liar{}, threaded: true}, "expected a thread for each of 40 connections"},
		{"threads", &serveArm{server: &liar{goServer: goServer{blocking: true}}, blocking: true, single: true}, "expected at most 16 threads for 40 connections"},
		{"not in calls", &serveArm{server: &liar{}, inCalls: true}, "expected a goroutine in a system call for each of 40 connections"},
		{"not there", &serveArm{server: &loopServer{}, parks: true}, "expected a goroutine that waits for each of 40 connections"},
		{"not begun", &serveArm{server: &liar{ids: make([]int, 40)}, parks: true}, "expected a task that has begun for each of 40 connections, seen 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !armtest.Alone(t, "GOMAXPROCS=1") {
				return
			}
			parkFor = 100 * time.Millisecond
			test.arm.n = 40
			s, err := test.arm.Measure()
			if err != nil && strings.Contains(err.Error(), "expected two CPUs") {
				t.Skip(err)
			}
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want == "" && (s.Counts["answers"] == 0 || s.Counts["answers"] != s.Counts["requests"] || s.Figures["p50-ns"] <= 0):
				t.Errorf("measured %+v", s)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q", err, test.want)
			}
			if err := test.arm.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLockedPollerEvidenceCanFail breaks the arm of locked goroutines that wait
// through the poller.
func TestLockedPollerEvidenceCanFail(t *testing.T) {
	for _, test := range []struct {
		name      string
		breakDown func(a *serveArm, s *goServer)
		want      string // of the error, "" for none
	}{
		{"as it says", func(*serveArm, *goServer) {}, ""},
		{"not locked", func(_ *serveArm, s *goServer) { s.locked = false }, "expected a thread for each of 40 connections, 24 to 79 in all; seen"},
		{"in read(2)", func(a *serveArm, s *goServer) { a.blocking, s.blocking = true, true }, "expected a goroutine that waits outside of a system call for each of 40 connections, seen"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !armtest.Alone(t, "GOMAXPROCS=1") {
				return
			}
			if _, _, err := measure.TwoCPUs(); err != nil {
				t.Skip(err)
			}
			if test.want != "" {
				parkFor = 100 * time.Millisecond
			}
			m, err := openServe("locked", "poller", 40)(nil)
			if err != nil {
				t.Fatal(err)
			}
			a := m.(*serveArm)
			test.breakDown(a, a.server.(*goServer))
			s, err := a.Measure()
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want == "" && (s.Counts["answers"] == 0 || s.Figures["threads"] < 40):
				t.Errorf("measured %+v", s)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q", err, test.want)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestThreadsOf compares counts with the threads that an arm should have.
func TestThreadsOf(t *testing.T) {
	ids := make([]int, 100)
	for i := range ids {
		ids[i] = i + 1
	}
	with := &liar{ids: ids}
	for _, test := range []struct {
		name    string
		arm     *serveArm
		threads int64
		want    string
	}{
		{"a thread each", &serveArm{server: with, threaded: true}, 105, ""},
		{"a few short", &serveArm{server: with, threaded: true}, 88, "expected a thread for each of 100"},
		{"half", &serveArm{server: with, threaded: true}, 55, "expected a thread for each of 100"},
		{"too many spare ones", &serveArm{server: with, threaded: true}, 122, "expected a thread for each of 100"},
		{"two each", &serveArm{server: with, threaded: true}, 205, "expected a thread for each of 100"},
		{"spare ones of a poller", &serveArm{server: with, threaded: true, polls: true}, 169, ""},
		{"too many of a poller", &serveArm{server: with, threaded: true, polls: true}, 170, "expected a thread for each of 100"},
		{"the same thread", &serveArm{server: &liar{ids: slices.Repeat([]int{1}, 100)}, threaded: true}, 105, "expected 100 threads of the connections, seen 1"},
		{"none", &serveArm{server: &liar{}, single: true}, 16, ""},
		{"too many", &serveArm{server: &liar{}, single: true}, 17, "expected at most 16 threads"},
		{"as many as it takes", &serveArm{server: &liar{}}, 105, ""},
	} {
		test.arm.n, test.arm.before = 100, headcount{threads: 5}
		err := test.arm.threadsOf(headcount{threads: test.threads})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// TestServeRoom asks for more connections than a process may have, and for
// more than there are ports.
func TestServeRoom(t *testing.T) {
	if err := roomForConns(10); err != nil {
		t.Fatal(err)
	}
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if files.Cur < 1<<40 {
		err := roomForConns(int(files.Cur))
		if want := fmt.Sprintf("RLIMIT_NOFILE %d: descriptors for %d connections", files.Cur, files.Cur); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestRawServer serves a connection by a raw thread.
func TestRawServer(t *testing.T) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{}
	if err := s.serve(ends[1:]); err != nil {
		unix.Close(ends[0])
		s.wait()
		skipUnlessRaw(t, err)
	}
	if got := s.threads(); len(got) != 1 || got[0] == threads.TID() {
		t.Errorf("threads %v", got)
	}
	b := make([]byte, 3*serveBytes)
	for i := range b {
		b[i] = byte(i)
	}
	unix.Write(ends[0], b)
	f := os.NewFile(uintptr(ends[0]), "end")
	got := make([]byte, len(b))
	if _, err := io.ReadFull(f, got); err != nil || string(got) != string(b) {
		t.Errorf("%v: answered %x", err, got)
	}
	f.Close()
	if n, err := s.wait(); n != int64(len(b)) || err != nil {
		t.Errorf("wait = %d, %v", n, err)
	}
	if err := arm.Leaks(); err != nil {
		t.Error(err)
	}
}

func skipUnlessRaw(t *testing.T, err error) {
	t.Helper()
	if arm.SkipUnsupported(err) != err {
		t.Skip(err)
	}
	t.Fatal(err)
}
