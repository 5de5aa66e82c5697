package disturbance

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"threadbench/threads/cgroup"
)

// A Reading is the counts of what disturbs, at a moment.
type Reading struct {
	at               time.Time
	steal, all       int64 // of /proc/stat's first line
	throttled        int64 // times that a CPU quota held this process up
	throttledUnknown bool
}

// Read reads the counts.
func Read() Reading {
	r := Reading{at: time.Now(), throttledUnknown: true}
	if text, err := os.ReadFile("/proc/stat"); err == nil {
		first, _, _ := strings.Cut(string(text), "\n")
		for i, f := range strings.Fields(first) {
			n, _ := strconv.ParseInt(f, 10, 64)
			if i >= 1 && i <= 8 { // user to steal; guest time is in user
				r.all += n
			}
			if i == 8 {
				r.steal = n
			}
		}
	}
	dirs, _ := cgroup.Paths("cpu")
	for _, dir := range dirs {
		text, err := os.ReadFile(dir + "/cpu.stat")
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if v, ok := strings.CutPrefix(line, "nr_throttled "); ok {
				n, _ := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
				r.throttled += n
				r.throttledUnknown = false
			}
		}
	}
	return r
}

// Since says what went on from r until now.
func (r Reading) Since() string {
	now := Read()
	s := fmt.Sprintf("seconds=%.1f", now.at.Sub(r.at).Seconds())
	if all := now.all - r.all; all > 0 {
		s += fmt.Sprintf(" steal=%.2f%%", 100*float64(now.steal-r.steal)/float64(all))
	}
	if !now.throttledUnknown {
		s += fmt.Sprintf(" throttled=%d", now.throttled-r.throttled)
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ := strings.Cut(string(text), " ")
		s += " load=" + load
	}
	return s
}
