package mixed

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"threadbench/bench/internal/arm"
)

// said is a connection on which the other side has said all it will.
type said struct {
	io.Reader
	io.Writer
}

func TestReadHead(t *testing.T) {
	for text, want := range map[string]string{ // of the error, "" for none
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA:b:c\r\n\r\nbody": "",
		"":                                 "EOF",
		"HTTP/1.1 200 OK\r\n":              "EOF",
		"HTTP/1.1 200 OK\n\n":              "does not end in CR LF",
		"HTTP/1.1 200 OK\r\nno colon\r\n":  "is not a header",
		"HTTP/1.1 200 OK\r\n: value\r\n":   "is not a header",
		strings.Repeat("a:b\r\n", 1000):    "more than 100 lines",
		"HTTP/1.1 200 OK\r\nHost: x\r\n\n": "does not end in CR LF",
	} {
		line, headers, err := readHead(bufio.NewReader(strings.NewReader(text)))
		switch {
		case want == "" && (err != nil || line != "HTTP/1.1 200 OK" || headers["content-length"] != "5" || headers["a"] != "b:c" || len(headers) != 2):
			t.Errorf("%q: %q, %v, %v", text, line, headers, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// FuzzReadHead: any input is a head or an error, and a written head reads back.
func FuzzReadHead(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "Name", "value")
	f.Add("\r\n\r\n", "a", "")
	f.Add("x\n", "", ":")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		line, headers, err := readHead(bufio.NewReader(strings.NewReader(text)))
		if err == nil && (strings.Contains(line, "\n") || headers == nil) {
			t.Errorf("%q is read as %q, %v", text, line, headers)
		}
		if name == "" || strings.ContainsAny(name, ":\n") || strings.ContainsAny(value, "\n") {
			return
		}
		_, headers, err = readHead(bufio.NewReader(strings.NewReader("a\r\n" + name + ":" + value + "\r\n\r\n")))
		if got := headers[strings.ToLower(name)]; err != nil || got != strings.TrimSpace(value) {
			t.Errorf("header %q: %q is read as %q, %v", name, value, got, err)
		}
	})
}

// TestGetHoldsBytes feeds a download answers that are not what it asked for.
func TestGetHoldsBytes(t *testing.T) {
	const size = 1000
	head := func(status string, length int) string {
		return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n", status, length)
	}
	body := pattern(size)
	other := bytes.Clone(body)
	other[size-1] ^= 1
	for _, test := range []struct {
		name, head string
		body       []byte
		want       string // of the error, "" for none
	}{
		{"as asked for", head("200 OK", size), body, ""},
		{"status", head("404 Not Found", size), body, `seen "HTTP/1.1 404 Not Found"`},
		{"length", head("200 OK", size+1), body, "expected HTTP/1.1 200 and a Content-Length of 1000"},
		{"no length", "HTTP/1.1 200 OK\r\n\r\n", body, "expected HTTP/1.1 200 and a Content-Length of 1000"},
		{"short", head("200 OK", size), body[:size-1], "expected 1000 bytes with the sum"},
		{"another byte", head("200 OK", size), other, "expected 1000 bytes with the sum"},
	} {
		var request bytes.Buffer
		err := get(said{strings.NewReader(test.head + string(test.body)), &request}, 80, time.Second, size)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if want := "GET /1000/1000 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"; !strings.HasPrefix(request.String(), want) {
			t.Errorf("%s: asked %q", test.name, request.String())
		}
	}
}

// TestDownload: the server answers the client's request, and refuses a request for
// something else.
func TestDownload(t *testing.T) {
	listener, port, err := arm.Listen(1)
	if err != nil {
		t.Fatal(err)
	}
	d := &downloads{listener: listener, port: port, ended: make(chan error, 1)}
	var server sync.WaitGroup
	server.Go(d.serve)
	const size = 100_000
	began := time.Now()
	const delay = 5 * time.Millisecond
	if err := download(port, delay, size); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("it took %v, less than the delay of %v", took, delay)
	}
	listener.Close()
	server.Wait()
	if served := d.served.Load(); served != size {
		t.Errorf("%d bytes served, want %d", served, size)
	}
	for _, request := range []string{
		"POST /1/1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /1/1 HTTP/1.1\r\n\r\n",
	} {
		if n, err := answerDownload(said{strings.NewReader(request), io.Discard}); n != 0 || err == nil || !strings.Contains(err.Error(), "is no GET of /MS/BYTES from a host") {
			t.Errorf("%q: %d bytes, %v", request, n, err)
		}
	}
}

func TestFactorialsRight(t *testing.T) {
	right := new(big.Int).MulRange(1, 1000)
	for _, test := range []struct {
		name string
		is   []*big.Int
		want string
	}{
		{"right", []*big.Int{right, right}, ""},
		{"none", []*big.Int{right, nil}, "seen none"},
		{"another", []*big.Int{new(big.Int).MulRange(1, 999), right}, "expected the factorial of 1000 to be"},
		{"one more", []*big.Int{new(big.Int).Add(right, big.NewInt(1))}, "expected the factorial of 1000 to be"},
	} {
		if err := factorialsRight(test.is, 1000); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// TestMixedProve spoils what the tasks have done, one thing at a time.
func TestMixedProve(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(a *mixedArm, endings []ending) []ending
		want  string // of the error, "" for none
	}{
		{"done", func(a *mixedArm, e []ending) []ending { return e }, ""},
		{"a task", func(a *mixedArm, e []ending) []ending { return e[1:] }, "expected the end of 3 tasks, seen 2"},
		{"at once", func(a *mixedArm, e []ending) []ending { e[0].flight = 2; return e }, "expected 3 of 3 tasks under way at once, seen 2"},
		{"one after the other", func(a *mixedArm, e []ending) []ending { a.serial = true; return e }, "expected 1 of 3 tasks under way at once, seen 3"},
		{"a thread", func(a *mixedArm, e []ending) []ending { e[1].tid = e[0].tid; return e }, "expected a thread for each of 3 locked tasks, seen 2"},
		{"a sync", func(a *mixedArm, e []ending) []ending { a.syncs--; return e }, "expected 3 writes to be synced, seen 2"},
		{"a byte", func(a *mixedArm, e []ending) []ending {
			f, err := os.OpenFile(filepath.Join(a.dir, "synced"), os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt([]byte{a.block[7] ^ 1}, writeBytes+7)
				f.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			return e
		}, "expected block 2 of 3 to read back as written"},
		{"too few", func(a *mixedArm, e []ending) []ending {
			os.Truncate(filepath.Join(a.dir, "synced"), 2*writeBytes)
			return e
		}, "reading back block 3 of 3"},
		{"too much", func(a *mixedArm, e []ending) []ending {
			os.Truncate(filepath.Join(a.dir, "synced"), 3*writeBytes+1)
			return e
		}, "expected 3 blocks on the disk, seen more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := &mixedArm{locked: true, dir: t.TempDir(), block: pattern(writeBytes), writes: 3, factorial: 10}
			if err := a.write("synced", func(done int) bool { return done < 3 }); err != nil {
				t.Fatal(err)
			}
			endings := test.spoil(a, []ending{{tid: 1, flight: 3}, {tid: 2, flight: 2}, {tid: 3, flight: 1}})
			err := a.prove(endings, []*big.Int{big.NewInt(3628800)})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestBusyShare: the share counts until the last waiting task or the first working
// one is over.
func TestBusyShare(t *testing.T) {
	for _, test := range []struct {
		name    string
		endings []ending
		cpus    int
		want    float64
	}{
		{"the waits are shorter", []ending{{waits: true, at: 50, cpu: 40}, {waits: true, at: 60, cpu: 54}, {at: 100, cpu: 100}}, 1, 0.9},
		{"a factorial is shorter", []ending{{waits: true, at: 50, cpu: 40}, {waits: true, at: 60, cpu: 54}, {at: 55, cpu: 44}, {at: 58, cpu: 44}}, 1, 0.8},
		{"nobody waits", []ending{{at: 60, cpu: 90}, {at: 50, cpu: 80}}, 2, 0.8},
		{"two CPUs", []ending{{waits: true, at: 50, cpu: 50}, {at: 100, cpu: 200}, {at: 100, cpu: 200}}, 2, 0.5},
	} {
		if got := busyShare(test.endings, test.cpus); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestRunTasks: locked tasks have a thread each, and one after the other they
// are in order.
func TestRunTasks(t *testing.T) {
	var meet sync.WaitGroup
	meet.Add(3)
	all := []task{}
	for range 3 {
		all = append(all, task{do: func() error { meet.Done(); meet.Wait(); return nil }})
	}
	_, endings, err := (&mixedArm{locked: true}).run(all, false)
	var ids, flight []int
	for _, e := range endings {
		ids = append(ids, e.tid)
		flight = append(flight, e.flight)
	}
	if err != nil || len(endings) != 3 || arm.Distinct(ids) != 3 || slices.Max(flight) != 3 {
		t.Errorf("together: %v, %+v", err, endings)
	}
	var order []int
	for i := range all {
		all[i].do = func() error { order = append(order, i); return nil }
	}
	_, endings, err = (&mixedArm{}).run(all, true)
	if err != nil || fmt.Sprint(order) != "[0 1 2]" {
		t.Errorf("one after the other: %v, %v", err, order)
	}
	for _, e := range endings {
		if e.flight != 1 {
			t.Errorf("one after the other: %d at once", e.flight)
		}
	}
	failing := []task{{do: func() error { return nil }}, {do: func() error { return io.ErrUnexpectedEOF }}}
	if _, _, err := (&mixedArm{}).run(failing, false); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("a task that fails: %v", err)
	}
}
