package arm

import (
	"testing"
	"time"
)

// TestMeterGoesOn: a meter adds up its counts before and after a pause, without
// those of the pause.
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
