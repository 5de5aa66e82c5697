package serve

import (
	"fmt"
	"testing"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/broken"
	"threadbench/bench/measure"
)

// TestBrokenServers serves with another number of threads than a row's name says.
func TestBrokenServers(t *testing.T) {
	for _, test := range []struct {
		what, impl, mode string
		arm              func(n int) *serveArm
	}{
		{"a poller that takes a thread a connection", "goroutine", "poller", func(int) *serveArm {
			return &serveArm{server: &goServer{blocking: true}, blocking: true, parks: true}
		}},
		{"threads of which one waits for all connections", "clone", "blocking", func(n int) *serveArm {
			ids := make([]int, n)
			for i := range ids {
				ids[i] = 1
			}
			return &serveArm{server: &liar{ids: ids}}
		}},
	} {
		for _, n := range []int{10, 100, 1000} {
			t.Run(fmt.Sprint(test.what, " n=", n), func(t *testing.T) {
				if !armtest.Alone(t, "GOMAXPROCS=1") { // it keeps to one CPU
					return
				}
				if _, _, err := measure.TwoCPUs(); err != nil {
					t.Skip(err)
				}
				a := test.arm(n)
				a.n = n
				name := fmt.Sprintf("Serve/impl=%s/mode=%s/n=%d", test.impl, test.mode, n)
				broken.Row(t, Family, name, test.what, func() (measure.Measurement, error) { return a, nil })
			})
		}
	}
}
