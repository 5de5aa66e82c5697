package catalog

import (
	"slices"
	"testing"
)

// Every row that an entry names is one of its own, written as results files
// write it.
func TestAnswersRows(t *testing.T) {
	for _, f := range Families {
		if f.Answer == nil {
			continue
		}
		for _, row := range f.Answer.Rows {
			if n, err := ParseName(row.Row); err != nil || n.Family != f.Name || n.String() != row.Row {
				t.Errorf("%s answers by %q: %v", f.Name, row.Row, err)
			}
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
