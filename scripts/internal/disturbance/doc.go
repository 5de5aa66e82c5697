// Package disturbance tells what else a machine did while a round was measured:
// CPU time that a hypervisor took, a CPU quota, other processes, the load. Of
// ours it imports threads/cgroup.
//
// Its stance: a disturbance changes from round to round, so it is no
// configuration. It stands in a comment of the round, and corrects no figure.
// Where a run could not decide, it is named as a reason, but only if it is
// large enough to be one.
package disturbance

import (
	"fmt"
	"strings"
	"time"
)

// An Amount is the disturbance over a time. Its zero value knows nothing.
type Amount struct {
	Time      time.Duration
	CPUs      int     // number of CPUs counted; 0 if Steal and Others are unknown
	Steal     float64 // share of the CPUs' time that a hypervisor took
	Others    float64 // how many CPUs other processes kept busy; this process and its ended children don't count
	Throttled int64   // periods in which a CPU quota stopped this process; -1 if unknown
	Load      string  // the load average at the end, as the system writes it; "" if unknown
}

// From these amounts on, a disturbance is a likely reason for noise.
const (
	muchSteal  = 0.02 // a stolen slice of 10 ms twice a second on each CPU
	muchOthers = 0.25 // of one CPU
	// A quota's period is 100 ms by default: this is one period of a hundred.
	muchThrottled = 0.1 // a second
)

// Busy is why the machine was too busy for quiet figures: "other processes kept
// 1.4 of 2 CPUs busy". It is "" if the machine wasn't, or if nothing is known.
// The load average has no part in it: it counts this program's own processes.
func (a Amount) Busy() string {
	var why []string
	if a.CPUs > 0 && a.Others > muchOthers {
		why = append(why, fmt.Sprintf("other processes kept %.1f of %d CPUs busy", a.Others, a.CPUs))
	}
	if a.CPUs > 0 && a.Steal > muchSteal {
		why = append(why, fmt.Sprintf("the hypervisor took %.0f%% of the CPU time", 100*a.Steal))
	}
	if float64(a.Throttled) > muchThrottled*a.Time.Seconds() {
		why = append(why, fmt.Sprintf("the CPU quota stopped this job %d times", a.Throttled))
	}
	return strings.Join(why, ", ")
}

// Add is the amount of a and b, one after the other.
func (a Amount) Add(b Amount) Amount {
	if a.Time == 0 {
		return b
	}
	if b.Time == 0 {
		return a
	}
	all := Amount{Time: a.Time + b.Time, Throttled: -1, Load: b.Load}
	share := float64(a.Time) / float64(all.Time)
	if a.CPUs == b.CPUs {
		all.CPUs = a.CPUs
		all.Steal = share*a.Steal + (1-share)*b.Steal
		all.Others = share*a.Others + (1-share)*b.Others
	}
	if a.Throttled >= 0 && b.Throttled >= 0 {
		all.Throttled = a.Throttled + b.Throttled
	}
	return all
}

// String is the amount for a round's comment: seconds, and steal, others,
// throttled and load if known.
func (a Amount) String() string {
	s := fmt.Sprintf("seconds=%.1f", a.Time.Seconds())
	if a.CPUs > 0 {
		s += fmt.Sprintf(" steal=%.2f%% others=%.2f", 100*a.Steal, a.Others)
	}
	if a.Throttled >= 0 {
		s += fmt.Sprintf(" throttled=%d", a.Throttled)
	}
	if a.Load != "" {
		s += " load=" + a.Load
	}
	return s
}

// Since is the disturbance from r until now, for a round's comment.
func (r Reading) Since() string { return r.Amount().String() }
