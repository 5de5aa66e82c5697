package gate

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// find finds targets in the module's folder and in another module's.
func find(t *testing.T, base, head *module, sel selection) (targets []target, left []string, err error) {
	t.Helper()
	targets, _, missing, err := findTargets(t.Context(), t.TempDir(), &side{name: "base", dir: base.dir}, &side{name: "head", dir: head.dir}, sel)
	for _, m := range missing {
		left = append(left, m.String())
	}
	return targets, left, err
}

// TestFind chooses packages and benchmarks by their source. What both sides
// have is compared, and the rest is named.
func TestFind(t *testing.T) {
	base, head := newModule(t), newModule(t)
	function := func(names ...string) string {
		text := "\nimport \"testing\"\n"
		for _, name := range names {
			text += fmt.Sprintf("\nfunc %s(b *testing.B) {\n\tfor range b.N {\n\t}\n}\n", name)
		}
		return text
	}
	for _, m := range []*module{base, head} {
		m.write("a/a_test.go", "package a\n"+function("BenchmarkA2", "BenchmarkA1")+`
func Benchmarkless(b *testing.B)            {}
func BenchmarkTwo(b *testing.B, n int)       {}
func BenchmarkAnswer(b *testing.B) (n int)   { return }
func BenchmarkOther(t *testing.T)            {}
func (s set) BenchmarkMethod(b *testing.B)   {}
func helper()                                { var BenchmarkLocal int; _ = BenchmarkLocal }

type set struct{}
`)
		m.write("a/x_test.go", "package a_test\n"+function("BenchmarkX"))
		m.write("a/tagged_test.go", "//go:build never\n\npackage a\n"+function("BenchmarkTagged"))
		m.write("plain/plain.go", "package plain\n\nvar x undefined\n")
		m.write("other/other_windows_plan9.go", "//go:build never\n\npackage other\n")
		m.write("idle/idle_test.go", "package idle\n")
		m.write("web/web.go", "package web\n\nimport _ \"embed\"\n\n//go:embed dist/*\nvar dist string\n")
		m.write("broken/b_test.go", "package broken\n\nimport \"example.com/nowhere\"\n"+strings.Replace(function("BenchmarkB"), "\n", "", 1)+"\nvar _ = nowhere.X\n")
	}
	base.write("old/old_test.go", "package old\n"+function("BenchmarkOld"))
	head.write("new/new_test.go", "package new\n"+function("BenchmarkNew"))
	head.write("idle/more_test.go", "package idle\n"+function("BenchmarkMore"))
	head.write("a/more_test.go", "package a\n"+function("BenchmarkA3"))
	base.write("syntax/s_test.go", "package syntax\n"+function("BenchmarkS"))
	head.write("syntax/s_test.go", "package syntax\n\nfunc {")

	targets, left, err := find(t, base, head, selection{pkgs: []string{"./..."}, bench: "."})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range targets {
		got = append(got, x.path+": "+strings.Join(x.benchmarks, " "))
		if info, err := os.Stat(x.dirs[headArm]); err != nil || !info.IsDir() || x.dirs[baseArm] == x.dirs[headArm] {
			t.Errorf("%s lies in %q", x.path, x.dirs)
		}
	}
	// An error in the code is left for the build to report.
	if want := []string{"example.com/steps/a: BenchmarkA2 BenchmarkA1 BenchmarkX", "example.com/steps/broken: BenchmarkB"}; !slices.Equal(got, want) {
		t.Errorf("targets %q, want %q", got, want)
	}
	want := []string{
		"package example.com/steps/old is left out: only base has it",
		"BenchmarkA3 of example.com/steps/a is left out: only head has it",
		"package example.com/steps/idle is left out: only head has selected benchmarks in it",
		"package example.com/steps/new is left out: only head has it",
		"package example.com/steps/syntax is left out: it doesn't build in head: ",
		"package example.com/steps/web is left out: it doesn't build in head: ",
	}
	slices.Sort(left)
	slices.Sort(want)
	if !slices.EqualFunc(left, want, strings.HasPrefix) {
		t.Errorf("left out:\n%s\nwant\n%s", strings.Join(left, "\n"), strings.Join(want, "\n"))
	}

	for _, test := range []struct {
		sel  selection
		want []string
	}{
		{selection{pkgs: []string{"./a", "./idle"}, bench: "A[12]/x"}, []string{"BenchmarkA2", "BenchmarkA1"}},
		{selection{pkgs: []string{"./a"}, bench: "A1|X"}, []string{"BenchmarkA1", "BenchmarkX"}},
		{selection{pkgs: []string{"./a"}, bench: ".", skip: "A2|X/sub"}, []string{"BenchmarkA1", "BenchmarkX"}},
		{selection{pkgs: []string{"./a"}, bench: ".", skip: "A"}, []string{"BenchmarkX"}},
	} {
		targets, _, err := find(t, base, head, test.sel)
		if err != nil || len(targets) != 1 || !slices.Equal(targets[0].benchmarks, test.want) {
			t.Errorf("%+v selects %+v, %v; want %v", test.sel, targets, err, test.want)
		}
	}
	for _, test := range []struct {
		sel  selection
		want string
	}{
		{selection{pkgs: []string{"./..."}, bench: "("}, `-bench "(" is no regular expression`},
		{selection{pkgs: []string{"./..."}, bench: ".", skip: "x/("}, `-skip "x/(" is no regular expression`},
		{selection{pkgs: []string{"./nowhere"}, bench: "."}, "finding packages: base: "},
		{selection{pkgs: []string{"./a", "./plain"}, bench: "Nothing"}, `-bench "Nothing" matches no benchmark of 2 packages`},
		{selection{pkgs: []string{"./a"}, bench: ".", skip: "."}, `-skip "." leaves out all benchmarks of 1 package (-pkg ./a)`},
		{selection{pkgs: []string{"./a"}, bench: "A", skip: "A1|A2"}, `-bench "A" and -skip "A1|A2"`},
		{selection{pkgs: []string{"./new", "./old"}, bench: "."}, "only head has it"},
	} {
		if targets, _, err := find(t, base, head, test.sel); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v selects %+v, %v; want %q", test.sel, targets, err, test.want)
		}
	}
}

// TestSplitPattern splits as package testing does.
func TestSplitPattern(t *testing.T) {
	for text, want := range map[string][][]string{
		"":              {{""}},
		"a/b":           {{"a", "b"}},
		"a/b|c":         {{"a", "b"}, {"c"}},
		"(a|b)/c":       {{"(a|b)", "c"}},
		"[/|]":          {{"[/|]"}},
		"a]/b":          {{"a]", "b"}},
		`a\/b|c`:        {{`a\/b`}, {"c"}},
		"[(]/b":         {{"[(]", "b"}},
		"x|/y":          {{"x"}, {"", "y"}},
		"(a/b)|[^c/]/d": {{"(a/b)"}, {"[^c/]", "d"}},
	} {
		if got := splitPattern(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := rewritten("a b\tc\x00"); got != `a_b_c\x00` {
		t.Errorf("names hold no space and nothing that can't be seen: %q", got)
	}
}
