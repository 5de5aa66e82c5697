//go:build linux && (amd64 || arm64)

package threads

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// socketPairs are pairs of sockets in blocking mode, ours and the threads'.
func socketPairs(t *testing.T, n int) (ours, theirs []int) {
	t.Helper()
	for range n {
		ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs = append(ours, ends[0]), append(theirs, ends[1])
	}
	return ours, theirs
}

// exchange writes the bytes and reads as many.
func exchange(t *testing.T, fd int, sent []byte) {
	t.Helper()
	if n, err := unix.Write(fd, sent); n != len(sent) {
		t.Fatalf("write: %d, %v", n, err)
	}
	var got []byte
	for len(got) < len(sent) {
		b := make([]byte, len(sent))
		n, err := unix.Read(fd, b)
		if n <= 0 {
			t.Fatalf("read: %d, %v, after %d of %d bytes", n, err, len(got), len(sent))
		}
		got = append(got, b[:n]...)
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("sent %x, got %x", sent, got)
	}
}

// TestEchoers has each thread write back what it reads on its own socket: less
// than it takes at once, exactly as much, and more.
func TestEchoers(t *testing.T) {
	leaveNothing(t)
	const n = 8
	ours, theirs := socketPairs(t, n)
	h, err := NewEchoers(LeastStack(0), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(n); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	total := 0
	for i, fd := range ours {
		for _, size := range []int{1, echoBytes - 1, echoBytes, echoBytes + 1, 5 * echoBytes} {
			sent := make([]byte, size)
			for k := range sent {
				sent[k] = byte(i + size + k)
			}
			exchange(t, fd, sent)
			total += size
		}
	}
	for _, fd := range ours {
		unix.Close(fd)
	}
	h.Join()
	if got, err := h.Echoed(); got != int64(total) || err != nil {
		t.Errorf("Echoed = %d, %v, want %d", got, err, total)
	}
	for _, fd := range theirs {
		unix.Close(fd)
	}
}

// TestEchoersFail: a failed call is reported; the reset of a connection is not
// a failure.
func TestEchoersFail(t *testing.T) {
	leaveNothing(t)
	for _, test := range []struct {
		name string
		end  func(ours int) // what becomes of the connection
		fd   int            // instead of the socket, 0 for the socket
		want error
	}{
		{"end", func(ours int) { unix.Shutdown(ours, unix.SHUT_WR) }, 0, nil},
		// Closed with something unread: a reset.
		{"reset", func(ours int) { unix.Write(ours, []byte{1}); peek(t, ours); unix.Close(ours) }, 0, nil},
		{"not open", func(int) {}, -1, unix.EBADF},
		{"nobody reads", func(ours int) { unix.Shutdown(ours, unix.SHUT_RD); unix.Write(ours, []byte{1}) }, 0, unix.EPIPE},
	} {
		t.Run(test.name, func(t *testing.T) {
			ours, theirs := socketPairs(t, 1)
			fds := theirs
			if test.fd != 0 {
				fds = []int{test.fd}
			}
			h, err := NewEchoers(LeastStack(0), fds)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Make(1); err != nil {
				t.Fatal(err)
			}
			test.end(ours[0])
			h.Join()
			if _, err := h.Echoed(); !errors.Is(err, test.want) {
				t.Errorf("Echoed: %v, want %v", err, test.want)
			}
			if test.name != "reset" {
				unix.Close(ours[0])
			}
			unix.Close(theirs[0])
		})
	}
}

// peek waits until there is something to read, and leaves it there.
func peek(t *testing.T, fd int) {
	t.Helper()
	if n, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK); n != 1 {
		t.Fatalf("nothing to read: %v", err)
	}
}
