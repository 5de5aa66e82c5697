package switching

import (
	"os"
	"testing"

	"threadbench/bench/measure"
)

// TestMain: this binary is what the family's arms start besides.
func TestMain(m *testing.M) {
	if measure.IsWorker() {
		os.Exit(measure.Work(measure.Families{Family}))
	}
	os.Exit(m.Run())
}
