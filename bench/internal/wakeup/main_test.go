package wakeup

import (
	"fmt"
	"os"
	"testing"

	"threadbench/bench/measure"
)

// TestMain: this binary is what the family's arms start besides.
func TestMain(m *testing.M) {
	if measure.IsWorker() {
		if why := os.Getenv(dyingForTests); why != "" {
			fmt.Fprintln(os.Stderr, why)
			os.Exit(3)
		}
		os.Exit(measure.Work(measure.Families{Family}))
	}
	os.Exit(m.Run())
}

// dyingForTests has a helper of these tests die with a message.
const dyingForTests = "THREADBENCH_TEST_DYING"
