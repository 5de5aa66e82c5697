package disturbance

import (
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"threadbench/threads/cgroup"
)

// userTicks is USER_HZ, the ticks of /proc/stat in a second: 100 on each of
// Go's architectures.
const userTicks = 100

// A Reading is the counts of disturbances at a moment.
type Reading struct {
	at               time.Time
	steal, busy, all int64         // ticks of /proc/stat's first line
	cpus             int           // lines of single CPUs in it
	own              time.Duration // CPU time of this process and its ended children
	throttled        int64         // periods in which a CPU quota stopped this process
	throttledUnknown bool
}

// Read reads the counts.
func Read() Reading {
	r := Reading{at: time.Now(), throttledUnknown: true}
	if text, err := os.ReadFile("/proc/stat"); err == nil {
		r.stat(string(text))
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			r.own += time.Duration(u.Utime.Nano() + u.Stime.Nano())
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

// stat reads the counts from /proc/stat.
func (r *Reading) stat(text string) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !strings.HasPrefix(fields[0], "cpu") {
			return
		}
		if fields[0] != "cpu" {
			r.cpus++
			continue
		}
		for i, f := range fields[1:] {
			n, _ := strconv.ParseInt(f, 10, 64)
			switch i {
			case 0, 1, 2, 5, 6: // user, nice, system, irq, softirq
				r.busy += n
				r.all += n
			case 3, 4: // idle, iowait
				r.all += n
			case 7:
				r.steal = n
				r.all += n
			} // guest time is in user
		}
	}
}

// Amount is the disturbance from r until now.
func (r Reading) Amount() Amount {
	a := Read().after(r)
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		a.Load, _, _ = strings.Cut(string(text), " ")
	}
	return a
}

// after is the disturbance from the earlier reading until r.
func (r Reading) after(earlier Reading) Amount {
	a := Amount{Time: r.at.Sub(earlier.at), Throttled: -1}
	if all := r.all - earlier.all; all > 0 {
		a.CPUs = max(1, r.cpus)
		a.Steal = float64(r.steal-earlier.steal) / float64(all)
		busy := float64(r.busy-earlier.busy) / userTicks
		if seconds := a.Time.Seconds(); seconds > 0 {
			a.Others = math.Max(0, (busy-(r.own-earlier.own).Seconds())/seconds)
		}
	}
	if !r.throttledUnknown {
		a.Throttled = r.throttled - earlier.throttled
	}
	return a
}
