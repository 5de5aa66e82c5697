package arm

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Dial opens a connection to a port of the loopback device, in non-blocking
// mode. It leaves nothing behind when it is closed: no port waits for late
// segments.
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
