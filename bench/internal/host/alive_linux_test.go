package host

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

// threadsIn is what a statusReader finds in a status, read by parts.
func threadsIn(parts io.Reader) (int, error) {
	var s statusReader
	for {
		n, err := parts.Read(s.rest())
		if n > 0 {
			if threads, err := s.threads(n); threads != 0 || err != nil {
				return threads, err
			}
		}
		if err != nil {
			return 0, nil
		}
	}
}

// TestStatusReader finds the line wherever the reads cut it, and after a line that
// is longer than the buffer.
func TestStatusReader(t *testing.T) {
	groups := "Groups:\t" + strings.Repeat("1234567890 ", 3000) + "\n"
	for _, test := range []struct {
		status string
		want   int // 0 for no such line
		err    string
	}{
		{"Name:\tx\nThreads:\t12\nSigQ:\t0/1\n", 12, ""},
		{"Name:\tx\n" + groups + "Threads:\t12\nSigQ:\t0/1\n", 12, ""},
		{groups[:4090] + "\nThreads:\t12\n", 12, ""},
		{"", 0, ""},
		{groups, 0, ""},
		{"Name:\tThreads:\n", 0, ""},
		{"Threads:\t0\n", 0, `"Threads:\t0" is not a number of threads`},
		{"Threads:\t-4\n", 0, "is not a number"},
		{"Threads:\n", 0, "is not a number"},
		{"Threads:\t1 2\n", 0, "is not a number"},
	} {
		for name, parts := range map[string]io.Reader{
			"whole":         strings.NewReader(test.status),
			"by halves":     iotest.HalfReader(strings.NewReader(test.status)),
			"byte for byte": iotest.OneByteReader(strings.NewReader(test.status)),
		} {
			got, err := threadsIn(parts)
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%.40q %s: %d, %v, want %d, %q", test.status, name, got, err, test.want, test.err)
			}
		}
	}
}

func FuzzStatusReader(f *testing.F) {
	if own, err := os.ReadFile("/proc/self/status"); err == nil {
		f.Add(string(own))
	}
	f.Add("Threads:\t12\n")
	f.Fuzz(func(t *testing.T, status string) {
		n, err := threadsIn(strings.NewReader(status))
		if n < 0 || n > 0 && (err != nil || !strings.Contains(status, "Threads:")) {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// TestKernelThreadsOfManyGroups counts as a user in 1,000 groups, whose status is
// longer than one read.
func TestKernelThreadsOfManyGroups(t *testing.T) {
	const variable = "THREADBENCH_TEST_GROUPS"
	if os.Getenv(variable) != "" {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil || len(status) < 4096 {
			t.Fatalf("a status of %d bytes, %v", len(status), err)
		}
		if n, err := KernelThreads(); n < 1 || err != nil {
			t.Errorf("%d threads, %v", n, err)
		}
		if n := testing.AllocsPerRun(10, func() { KernelThreads() }); n != 0 {
			t.Errorf("counting them allocates %v times", n)
		}
		return
	}
	// Not os.Executable: the directory of a test binary is its owner's alone.
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Dir, cmd.Env = "/", append(os.Environ(), variable+"=1")
	credential := &syscall.Credential{}
	for group := range uint32(1000) {
		credential.Groups = append(credential.Groups, 1_000_000+group)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("needs to set its groups: %v", err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
