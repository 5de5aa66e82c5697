package disturbance

import (
	"strings"
	"testing"
	"time"
)

func TestBusy(t *testing.T) {
	for _, tt := range []struct {
		name string
		a    Amount
		want string
	}{
		{"nothing known", Amount{}, ""},
		{"quiet", Amount{Time: time.Minute, CPUs: 2, Steal: 0.01, Others: 0.2, Throttled: 5, Load: "7.5"}, ""},
		{"others", Amount{Time: time.Minute, CPUs: 2, Others: 1.44, Throttled: -1}, "other processes kept 1.4 of 2 CPUs busy"},
		{"steal", Amount{Time: time.Minute, CPUs: 2, Steal: 0.051, Throttled: -1}, "the hypervisor took 5% of the CPU time"},
		{"quota", Amount{Time: time.Minute, CPUs: 2, Throttled: 60}, "the CPU quota stopped this job 60 times"},
		{"counts that are unknown", Amount{Time: time.Minute, Steal: 1, Others: 9, Throttled: -1}, ""},
	} {
		if got := tt.a.Busy(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAdd(t *testing.T) {
	quiet := Amount{Time: 3 * time.Second, CPUs: 2, Steal: 0.1, Others: 0, Throttled: 2, Load: "1.00"}
	loud := Amount{Time: time.Second, CPUs: 2, Steal: 0.5, Others: 2, Throttled: 3, Load: "2.00"}
	if got, want := quiet.Add(loud), (Amount{Time: 4 * time.Second, CPUs: 2, Steal: 0.2, Others: 0.5, Throttled: 5, Load: "2.00"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (Amount{}).Add(loud); got != loud {
		t.Errorf("from nothing: %+v", got)
	}
	if got := loud.Add(Amount{}); got != loud {
		t.Errorf("and nothing: %+v", got)
	}
	loud.Throttled, loud.CPUs = -1, 0
	if got := quiet.Add(loud); got.Throttled != -1 || got.CPUs != 0 {
		t.Errorf("what is unknown in part is known in all: %+v", got)
	}
}

func TestString(t *testing.T) {
	a := Amount{Time: 1500 * time.Millisecond, CPUs: 2, Steal: 0.0123, Others: 1, Throttled: 3, Load: "0.35"}
	if got, want := a.String(), "seconds=1.5 steal=1.23% others=1.00 throttled=3 load=0.35"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := (Amount{Time: time.Second, Throttled: -1}).String(), "seconds=1.0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Read().Amount(); got.Time < 0 || strings.Contains(got.String(), "%!") {
		t.Errorf("%+v", got)
	}
}
