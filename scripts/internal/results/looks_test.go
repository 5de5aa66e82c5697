package results

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLooks reads the looks of a plan, and the file as it was at a look.
func TestLooks(t *testing.T) {
	const a, b = "Create/impl=goroutine/mode=reused", "Create/impl=clone/mode=reused"
	text := "driver: lockstep\n# plan {\"bench\":\"\",\"looks\":[2,3]}\n"
	for k := 1; k <= 3; k++ {
		text += fmt.Sprintf("# round %d: \n# failed Benchmark%s: in round %d\n", k, b, k)
		if k < 3 {
			text += fmt.Sprintf("Benchmark%s 1 %d ns/op\n", a, k)
		}
		text += fmt.Sprintf("Benchmark%s 1 %d ns/op\n# end round %d\n", b, k, k)
	}
	f, err := Read(strings.NewReader(text), "test")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Looks(); !slices.Equal(got, []int{2, 3}) {
		t.Errorf("looks %v", got)
	}
	for n := 1; n <= 4; n++ {
		then := f.After(n)
		rounds := min(n, 3)
		if then.Rounds != rounds || len(then.Notes) != rounds || len(then.Row(b).Runs) != rounds || len(then.Row(a).Runs) != min(n, 2) {
			t.Errorf("after %d rounds it has %d, %v, and the rows have %d and %d", n, then.Rounds, then.Notes, len(then.Row(a).Runs), len(then.Row(b).Runs))
		}
	}
	if len(f.Row(b).Runs) != 3 {
		t.Error("the file itself has changed")
	}
	for _, plan := range []string{"", "{}", "no plan", `{"looks":"many"}`} {
		if got := (&File{Plan: plan}).Looks(); got != nil {
			t.Errorf("of the plan %q: looks %v", plan, got)
		}
	}
}
