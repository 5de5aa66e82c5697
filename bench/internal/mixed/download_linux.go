package mixed

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
)

// The server of downloads is a worker whose coordinator downloads. A turn
// reports its port and how many bytes it has served.

// downloadsOnly is the name of a case for which a worker becomes a server of
// downloads.
const downloadsOnly = "downloads"

func openDownloads(func(string)) (lockstep.Arm, error) {
	listener, port, err := arm.Listen(16)
	if err != nil {
		return nil, err
	}
	d := &downloads{listener: listener, port: port, ended: make(chan error, 1)}
	go d.serve()
	return d, nil
}

type downloads struct {
	listener *os.File
	port     int
	served   atomic.Int64
	ended    chan error
}

func (d *downloads) Run(int) (lockstep.Slice, error) {
	select {
	case err := <-d.ended:
		return lockstep.Slice{}, err
	default:
		return lockstep.Slice{Ops: 1, Counts: map[string]int64{"port": int64(d.port), "served": d.served.Load()}}, nil
	}
}

func (d *downloads) Close() error { return d.listener.Close() }

// serve answers one request a connection, one connection after the other.
func (d *downloads) serve() {
	for {
		fds, err := arm.Accept(d.listener, 1, false)
		if err != nil {
			arm.CloseAll(fds)
			d.ended <- err
			return
		}
		conn := os.NewFile(uintptr(fds[0]), "connection")
		n, err := answerDownload(conn)
		conn.Close()
		if err != nil {
			d.ended <- err
			return
		}
		d.served.Add(n)
	}
}

// answerDownload answers "GET /MS/BYTES HTTP/1.1" with BYTES bytes after MS
// milliseconds.
func answerDownload(conn io.ReadWriter) (int64, error) {
	r := bufio.NewReader(conn)
	line, headers, err := readHead(r)
	if err != nil {
		return 0, fmt.Errorf("serving a download: %w", err)
	}
	var ms, size int64
	if _, err := fmt.Sscanf(line, "GET /%d/%d HTTP/1.1", &ms, &size); err != nil || headers["host"] == "" {
		return 0, fmt.Errorf("serving a download: request %q for host %q is no GET of /MS/BYTES from a host", line, headers["host"])
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", size); err != nil {
		return 0, fmt.Errorf("serving a download: %w", err)
	}
	n, err := conn.Write(pattern(int(size)))
	if err != nil {
		return int64(n), fmt.Errorf("serving a download: %w", err)
	}
	return int64(n), nil
}

// pattern returns n bytes that don't repeat soon.
func pattern(n int) []byte {
	b, x := make([]byte, n), uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// readHead reads the first line of an HTTP/1.1 message and its headers, with
// their names in lower case (RFC 9112, 2.1).
func readHead(r *bufio.Reader) (line string, headers map[string]string, err error) {
	const most = 100 // lines
	for n := range most {
		text, err := r.ReadString('\n')
		if err != nil {
			return "", nil, fmt.Errorf("reading the head of an HTTP message: %w", err)
		}
		text, whole := strings.CutSuffix(text, "\r\n")
		switch {
		case !whole:
			return "", nil, fmt.Errorf("reading the head of an HTTP message: %.100q does not end in CR LF", text)
		case n == 0:
			line, headers = text, map[string]string{}
		case text == "":
			return line, headers, nil
		default:
			name, value, ok := strings.Cut(text, ":")
			if !ok || name == "" {
				return "", nil, fmt.Errorf("reading the head of an HTTP message: %.100q is not a header", text)
			}
			headers[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
	return "", nil, fmt.Errorf("reading the head of an HTTP message: more than %d lines", most)
}

// download gets size bytes, which the server sends after the delay, and checks
// them.
func download(port int, delay time.Duration, size int) error {
	fd, err := arm.Dial(port)
	if err != nil {
		return fmt.Errorf("downloading: connecting to port %d: %w", port, err)
	}
	conn := os.NewFile(uintptr(fd), "download")
	err = get(conn, port, delay, size)
	return errors.Join(err, conn.Close())
}

func get(conn io.ReadWriter, port int, delay time.Duration, size int) error {
	if _, err := fmt.Fprintf(conn, "GET /%d/%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n", delay.Milliseconds(), size, port); err != nil {
		return fmt.Errorf("downloading: %w", err)
	}
	r := bufio.NewReader(conn)
	line, headers, err := readHead(r)
	if err != nil {
		return fmt.Errorf("downloading: %w", err)
	}
	length, err := strconv.Atoi(headers["content-length"])
	if !strings.HasPrefix(line, "HTTP/1.1 200 ") || err != nil || length != size {
		return fmt.Errorf("downloading: expected HTTP/1.1 200 and a Content-Length of %d, seen %q and %q", size, line, headers["content-length"])
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, io.LimitReader(r, int64(length)))
	if err != nil {
		return fmt.Errorf("downloading: after %d of %d bytes: %w", n, size, err)
	}
	if want := crc32.ChecksumIEEE(pattern(size)); n != int64(size) || sum.Sum32() != want {
		return fmt.Errorf("downloading: expected %d bytes with the sum %08x, seen %d with %08x", size, want, n, sum.Sum32())
	}
	return nil
}
