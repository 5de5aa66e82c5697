package job

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, 4)
	p.At("round 1 of 2", "Create")
	if b.Len() > 0 {
		t.Errorf("it begins with %q", b.String())
	}
	p.everyLines = 0
	p.Step(1)
	p.begun = p.begun.Add(-time.Minute) // a minute for the first of four
	p.At("round 1 of 2", "Switch")
	p.Step(1)
	p.At("round 2 of 2", "Create")
	p.End()
	if want := "round 1 of 2, 3m0s left\nround 2 of 2, 1m0s left\n"; b.String() != want {
		t.Errorf("progress %q, want %q", b.String(), want)
	}
}
