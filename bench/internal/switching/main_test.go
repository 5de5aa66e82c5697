package switching

import (
	"os"
	"testing"

	"threadbench/bench/measure"
)

// TestMain makes this binary the other processes that the family's arms start.
func TestMain(m *testing.M) {
	if measure.IsWorker() {
		os.Exit(measure.Work(measure.Families{Family}))
	}
	os.Exit(m.Run())
}
