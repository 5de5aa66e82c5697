//go:build !linux

package job

import (
	"fmt"
	"time"
)

// Weather is what else went on while a round was measured; here only how long
// it took is known.
type Weather struct{ at time.Time }

// ReadWeather is the weather from now on.
func ReadWeather() Weather { return Weather{time.Now()} }

// Since says what went on from w until now.
func (w Weather) Since() string { return fmt.Sprintf("seconds=%.1f", time.Since(w.at).Seconds()) }
