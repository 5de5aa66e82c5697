package job

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// TestBar draws in place of what it drew before, and takes that away.
func TestBar(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, 4)
	p.width = 60
	p.Step(1)
	p.begun = p.begun.Add(-time.Minute)
	p.At("round 1 of 2", "Switch/impl=clone/via=futex")
	p.Step(3)
	p.Step(1) // more than there were
	p.End()
	drawn := strings.Split(b.String(), "\r")
	want := []string{
		"",
		" 25% [=======                       ] 0s left, \x1b[K",
		" 25% [=======                       ] 3m0s left, round 1 of\x1b[K",
		"100% [==============================] 0s left, round 1 of 2\x1b[K",
		"100% [==============================] 0s left, round 1 of 2\x1b[K",
		"\x1b[K",
	}
	if d := cmp.Diff(want, drawn); d != "" {
		t.Errorf("drawn (-want +got):\n%s", d)
	}
}
