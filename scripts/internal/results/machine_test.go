package results

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machine is a file of a host with the lines of a head.
func machine(t *testing.T, host string, config ...string) *File {
	t.Helper()
	begun := ""
	if host != "" {
		begun = "# begun 2026-11-29T00:00:00Z on " + host + "\n"
	}
	text := "driver: lockstep\n" + strings.Join(config, "\n") + "\n" + begun +
		"# round 1: seconds=1\nBenchmarkCreate/impl=goroutine/mode=cold 1 2 ns/op\n# end round 1\n"
	f, err := Read(strings.NewReader(text), "file")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestMachines tells machines apart by host, CPU, kernel and Go.
func TestMachines(t *testing.T) {
	first := []string{"cpu: A", "kernel: 6.1", "go: go1.26.0", "cgroup-cpu: max"}
	for _, test := range []struct {
		name   string
		host   string
		config []string
		want   int
	}{
		{"the same", "one", first, 1},
		{"another host", "two", first, 2},
		{"another CPU", "one", []string{"cpu: B", "kernel: 6.1", "go: go1.26.0", "cgroup-cpu: max"}, 2},
		{"another kernel", "one", []string{"cpu: A", "kernel: 6.2", "go: go1.26.0", "cgroup-cpu: max"}, 2},
		{"another Go", "one", []string{"cpu: A", "kernel: 6.1", "go: go1.27.0", "cgroup-cpu: max"}, 2},
		{"other settings of Go", "one", append([]string{"goexperiment: x"}, first...), 2},
		{"what a run was allowed", "one", []string{"cpu: A", "kernel: 6.1", "go: go1.26.0", "cgroup-cpu: 50"}, 1},
		{"no host", "", first, 2},
	} {
		files := []*File{machine(t, "one", first...), machine(t, test.host, test.config...)}
		if got := len(Machines(files)); got != test.want {
			t.Errorf("%s: %d machines, want %d", test.name, got, test.want)
		}
	}
	if got := len(Machines([]*File{machine(t, "", first...), machine(t, "", first...)})); got != 1 {
		t.Errorf("two files that can't be told apart: %d machines, want 1", got)
	}
}

// TestSplits: aspects that group machines alike share a split.
func TestSplits(t *testing.T) {
	for _, test := range []struct {
		name     string
		machines [][]string
		want     []string
	}{
		{"nothing differs", [][]string{{"cpu: A"}, {"cpu: A"}}, nil},
		{"one", [][]string{{"cpu: A"}, {"cpu: B"}, {"cpu: A"}}, []string{"CPU: A [0 2], B [1]"}},
		{"apart", [][]string{{"cpu: A", "go: 1"}, {"cpu: A", "go: 2"}, {"cpu: B", "go: 1"}}, []string{"CPU: A [0 1], B [2]", "Go: 1 [0 2], 2 [1]"}},
		{"together", [][]string{{"cpu: A", "kernel: 6", "go: 1"}, {"cpu: B", "kernel: 7", "go: 2"}}, []string{"CPU, kernel and Go: A, 6, 1 [0], B, 7, 2 [1]"}},
		{"another key", [][]string{{"cpu: A", "cpus: 2"}, {"cpu: A", "cpus: 8"}, {"cpu: A"}}, []string{"CPU: cpus 2 [0], cpus 8 [1], no cpus [2]"}},
	} {
		var files []*File
		for _, config := range test.machines {
			files = append(files, machine(t, "host", config...))
		}
		var got []string
		for _, s := range Splits(files) {
			var groups []string
			for _, g := range s.Groups {
				groups = append(groups, fmt.Sprintf("%s %v", g.Name, g.Of))
			}
			got = append(got, s.By+": "+strings.Join(groups, ", "))
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, d)
		}
	}
}
