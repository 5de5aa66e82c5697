//go:build !linux

package suite

import (
	"fmt"
	"time"
)

// weather is what else went on while a round was measured; here only how long
// it took is known.
type weather struct{ at time.Time }

func readWeather() weather { return weather{time.Now()} }

func (w weather) since() string { return fmt.Sprintf("seconds=%.1f", time.Since(w.at).Seconds()) }
