package catalog

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// TestAnswers: a line of the summary has rows of its own family, each as results
// files write it. All of them refer to one goroutine arm, whose figure stands in
// the line.
func TestAnswers(t *testing.T) {
	for _, f := range Families {
		if f.Answer == nil {
			continue
		}
		refs := map[string]bool{}
		for _, row := range f.Answer.Rows {
			n, err := ParseName(row)
			if err != nil || n.Family != f.Name || n.String() != row || n.Contender() < 0 {
				t.Errorf("%s answers by %q: %v", f.Name, row, err)
			}
			refs[n.Ref().String()] = true
		}
		if a := f.Answer; len(refs) != 1 || utf8.RuneCountInString(a.Does) > 20 || a.More == "" || a.Less == "" {
			t.Errorf("%s: %q, %q, %q, refers to %v", f.Name, a.Does, a.More, a.Less, refs)
		}
	}
}

func TestDecides(t *testing.T) {
	for name, want := range map[string][]string{
		"Create/impl=clone/mode=cold":               {"ns/op"},
		"Stack/impl=locked/depth=0":                 {"user-B/task", "kernel-B/task"},
		"Switch/impl=clone/mode=stamped/via=futex":  {"ns/op"},
		"Switch/impl=clone/mode=traced/via=futex":   {"syscalls/op"},
		"Nothing/impl=clone":                        nil,
		"Nothing/impl=clone/mode=traced/place=same": nil,
	} {
		n, err := ParseName(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Decides(n); !slices.Equal(got, want) {
			t.Errorf("%s is decided by %q, want %q", name, got, want)
		}
		family, mode := n.Family, n.Get("mode")
		for _, unit := range want {
			rows := DecidedBy(unit)
			if !slices.Contains(rows, family) && !slices.Contains(rows, family+"/mode="+mode) {
				t.Errorf("%s decides %q, and not %s", unit, rows, name)
			}
		}
	}
	if slices.Contains(DecidedBy("ns/op"), "Switch/mode=traced") || DecidedBy("x-self") != nil {
		t.Error("a unit decides what it doesn't decide")
	}
}
