package arm

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// loopback is the server's address.
var loopback = [4]byte{127, 0, 0, 1}

// Listen opens a listening socket on a free port of the loopback device.
func Listen(backlog int) (*os.File, int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("listening: socket: %w", err)
	}
	err = unix.Bind(fd, &unix.SockaddrInet4{Addr: loopback})
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	var at unix.Sockaddr
	if err == nil {
		at, err = unix.Getsockname(fd)
	}
	if err != nil {
		unix.Close(fd)
		return nil, 0, fmt.Errorf("listening on the loopback device: %w", err)
	}
	return os.NewFile(uintptr(fd), "listener"), at.(*unix.SockaddrInet4).Port, nil
}

// Accept accepts n connections. With an error it returns those accepted so far.
func Accept(listener *os.File, n int, blocking bool) ([]int, error) {
	socket, err := listener.SyscallConn()
	if err != nil {
		return nil, err
	}
	flags := unix.SOCK_CLOEXEC
	if !blocking {
		flags |= unix.SOCK_NONBLOCK
	}
	var fds []int
	for len(fds) < n {
		var fd int
		var refused error
		err := socket.Read(func(at uintptr) bool {
			fd, _, refused = unix.Accept4(int(at), flags)
			return refused != unix.EAGAIN
		})
		if err == nil {
			err = refused
		}
		if err == unix.EINTR || err == unix.ECONNABORTED {
			continue
		}
		if err != nil {
			return fds, fmt.Errorf("accept: %w", err)
		}
		fds = append(fds, fd)
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return fds, fmt.Errorf("setsockopt: %w", err)
		}
	}
	return fds, nil
}

// CloseAll closes file descriptors.
func CloseAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// Over reports whether a read's error only says that the connection has ended:
// the client resets its connections.
func Over(err error) bool { return err == io.EOF || errors.Is(err, unix.ECONNRESET) }

// Dial opens a connection to a port of the loopback device, in non-blocking
// mode. Closing it leaves nothing behind: no port waits for late segments.
func Dial(port int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err == nil {
		err = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	for again := true; again && err == nil; {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: loopback})
		if again = err == unix.EINTR; again {
			err = nil
		}
	}
	if err == nil || err == unix.EISCONN {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		unix.Close(fd)
		return 0, err
	}
	return fd, nil
}
