package job

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"threadbench/threads/cgroup"
)

// Weather is what else went on while a round was measured: it changes from
// round to round and stands in a comment.
type Weather struct {
	at               time.Time
	steal, all       int64 // of /proc/stat's first line
	throttled        int64 // times that a CPU quota held this process up
	throttledUnknown bool
}

// ReadWeather is the weather from now on.
func ReadWeather() Weather {
	w := Weather{at: time.Now(), throttledUnknown: true}
	if text, err := os.ReadFile("/proc/stat"); err == nil {
		first, _, _ := strings.Cut(string(text), "\n")
		for i, f := range strings.Fields(first) {
			n, _ := strconv.ParseInt(f, 10, 64)
			if i >= 1 && i <= 8 { // user to steal; guest time is in user
				w.all += n
			}
			if i == 8 {
				w.steal = n
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
				w.throttled += n
				w.throttledUnknown = false
			}
		}
	}
	return w
}

// Since says what went on from w until now.
func (w Weather) Since() string {
	now := ReadWeather()
	s := fmt.Sprintf("seconds=%.1f", now.at.Sub(w.at).Seconds())
	if all := now.all - w.all; all > 0 {
		s += fmt.Sprintf(" steal=%.2f%%", 100*float64(now.steal-w.steal)/float64(all))
	}
	if !now.throttledUnknown {
		s += fmt.Sprintf(" throttled=%d", now.throttled-w.throttled)
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ := strings.Cut(string(text), " ")
		s += " load=" + load
	}
	return s
}
