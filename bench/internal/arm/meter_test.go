package arm

import (
	"testing"
	"time"
)

// TestMeterGoesOn: what a clock counts before and after a pause is added up,
// and what is counted in the pause isn't.
func TestMeterGoesOn(t *testing.T) {
	for _, told := range []bool{true, false} {
		m := NewMeter()
		m.Elapsed, m.schedules, m.switches = time.Hour, 1000, 1_000_000
		if !told {
			m.switches = -1
		}
		ran := false
		m.GoOn(func() { ran = true })
		if !ran || m.Elapsed < time.Hour || m.Elapsed > 2*time.Hour || m.schedules < 1000 {
			t.Errorf("after an hour and 1000 schedulings: %+v", m)
		}
		if told && m.switches >= 0 && m.switches < 1_000_000 || !told && m.switches >= 0 {
			t.Errorf("switches told before: %v: %d", told, m.switches)
		}
	}
}
