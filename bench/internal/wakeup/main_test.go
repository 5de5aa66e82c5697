package wakeup

import (
	"fmt"
	"os"
	"testing"

	"threadbench/bench/measure"
)

// TestMain makes this binary the other processes that the family's arms start.
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

// dyingForTests makes a helper of these tests die with a message.
const dyingForTests = "THREADBENCH_TEST_DYING"
