package gate

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLayouts links with the real linker. A seed makes one file and another
// seed makes another file, which is base's in the next round.
func TestLayouts(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", steps(300))
	s := newSession(t)
	t.Setenv(cacheVariable, "")
	base := &side{name: "base", dir: m.dir, env: []string{"GOFLAGS='-ldflags=-X example.com/steps.x=y' -buildvcs=false"}}
	if err := base.lookUp(t.Context(), s.temp); err != nil {
		t.Fatal(err)
	}
	if want := "-X example.com/steps.x=y"; !base.random || !base.align || base.ldflags != want {
		t.Fatalf("it lays out at random: %v, aligns: %v, and has -ldflags %q, want %q", base.random, base.align, base.ldflags, want)
	}
	b := &builds{temp: s.temp, sides: [arms]*side{base, base, base}, pkgs: []string{"."}, same: []bool{false}, used: []bool{true}, random: true, align: true}
	size, err := b.link(t.Context(), 0, layout{3, 3}, true)
	if err != nil || size < 3<<20 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	if _, err := b.link(t.Context(), 1, layout{4, 4}, false); err != nil {
		t.Fatal(err)
	}
	progs := b.programs(0)
	if same, err := sameFiles(progs[0][baseArm], progs[0][headArm]); err != nil || !same {
		t.Errorf("one source and one seed make one file: %v, %v", same, err)
	}
	if err := b.laidOut(progs); err != nil {
		t.Error(err)
	}
	if got := s.asked("-ldflags=-X example.com/steps.x=y -w -funcalign=64 -randlayout=3"); got != 2 {
		t.Errorf("%d links with what GOFLAGS has for the linker, want 2", got)
	}
	// Files that exist are not linked again.
	if size, err := b.link(t.Context(), 1, layout{4, 4}, true); err != nil || size == 0 || s.asked("-randlayout=4") != 2 {
		t.Errorf("the layout's head takes %d bytes, %v, and %d links of the layout, want 2", size, err, s.asked("-randlayout=4"))
	}
	progs[0][controlArm] = progs[0][headArm]
	if err := b.laidOut(progs); err == nil {
		t.Error("seeds that have no effect pass")
	}
	b.drop(0)
	b.drop(1)
	if left, err := os.ReadDir(s.temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestFirst builds packages of which some fail on a side. They cost no other
// package anything.
func TestFirst(t *testing.T) {
	base, head := newModule(t), newModule(t)
	for _, m := range []*module{base, head} {
		for _, name := range []string{"same", "changed", "inbase", "inhead", "inboth", "deep/same"} {
			m.write(name+"/work_test.go", strings.Replace(steps(300), "package work", "package "+filepath.Base(name), 1))
		}
		m.write("vet/vet_test.go", "package vet\n\nimport (\n\t\"fmt\"\n\t\"testing\"\n)\n\nfunc BenchmarkIt(b *testing.B) {\n\tfor range b.N {\n\t\tfmt.Sprintf(\"%d\", \"x\")\n\t}\n}\n\nfunc ExampleNothing() {}\n")
		m.edit("inboth/work_test.go", "b.N", "b.Nothing")
	}
	base.edit("inbase/work_test.go", "b.N", "b.Nothing")
	head.edit("inhead/work_test.go", "b.N", "b.Nothing")
	head.edit("changed/work_test.go", "300", "301")
	s := newSession(t).old()
	t.Setenv(cacheVariable, "")
	t.Setenv("GOFLAGS", "-trimpath")
	sides := [arms]*side{{name: "base", dir: base.dir}, {name: "head", dir: head.dir}}
	b := &builds{temp: s.temp, sides: sides}
	for _, name := range []string{"same", "changed", "inbase", "inhead", "inboth", "deep/same", "vet"} {
		b.pkgs = append(b.pkgs, "example.com/steps/"+name)
	}
	progs, left, err := b.first(t.Context(), func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]bool{"inbase": {true, false}, "inhead": {false, true}, "inboth": {true, true}}
	for _, u := range left {
		name := filepath.Base(b.pkgs[u.pkg])
		sides := map[string]string{"inbase": "base", "inhead": "head", "inboth": "base and head"}[name]
		why := regexp.MustCompile("^it doesn't build in " + sides + `: \S*work_test\.go:\d+:\d+: b\.Nothing undefined`)
		if u.sides != want[name] || !why.MatchString(u.why()) || progs[u.pkg] != [arms]string{} {
			t.Errorf("%s does not build on %v: %s", name, u.sides, u.why())
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("these are said to build: %v", want)
	}
	for i, pkg := range b.pkgs {
		if same := strings.HasSuffix(pkg, "same") || strings.HasSuffix(pkg, "vet"); b.same[i] != same {
			t.Errorf("%s is the same build: %v, want %v", pkg, b.same[i], same)
		}
	}
	if err := b.unchanged(); err != nil {
		t.Error(err)
	}
	head.write("changed/more_test.go", "package changed\n")
	if err := b.unchanged(); err == nil || !strings.Contains(err.Error(), "the source of head") {
		t.Errorf("a file more is no change: %v", err)
	}
}

// TestUnbuilt says why a package doesn't build, without the command.
func TestUnbuilt(t *testing.T) {
	for said, want := range map[string]string{
		"go: downloading example.com/x v1.0.0\n# m/a\na/a.go:3:8: too many return values\n\thave (int)\n": "a/a.go:3:8: too many return values",
		"# m/a\n./a.go:3:8: undefined: generated":                                                         "a.go:3:8: undefined: generated; hint",
		"# m/a\n/usr/bin/ld: cannot find -lz\ncollect2: error":                                            "/usr/bin/ld: cannot find -lz; hint",
		"go: updates to go.mod needed":                                                                    "go: updates to go.mod needed",
		"":                                                                                                "it says no reason",
	} {
		if got := (unbuilt{sides: [controlArm]bool{false, true}, said: said, hint: "; hint"}).why(); got != "it doesn't build in head: "+want {
			t.Errorf("of %q: %q, want %q", said, got, want)
		}
	}
}

// TestBatches builds together what can be built together: no two binaries have
// one name.
func TestBatches(t *testing.T) {
	got := batches([]string{"x/a", "x/b", "x/c/a", "x/c/a/v2", "x/d"})
	if want := [][]int{{0, 1, 4}, {2}, {3}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("batches %v, want %v", got, want)
	}
}

// TestRoom names the folder that has too little room.
func TestRoom(t *testing.T) {
	const MB = 1 << 20
	for _, test := range []struct {
		size, free int64
		fits       bool
	}{{0, 0, true}, {10 * MB, 1 << 40, true}, {10 * MB, 20 * MB, true}, {10 * MB, 19 * MB, false}} {
		err := room("/where", test.size, test.free)
		if (err == nil) != test.fits {
			t.Errorf("two times %d bytes fit in %d: %v", test.size, test.free, err)
		}
		if err != nil && !strings.Contains(err.Error(), "take 20 MB and /where has 19 MB free") {
			t.Error(err)
		}
	}
	b := &builds{temp: t.TempDir()}
	err := b.full(errors.New("link: writing output: no space left on device"))
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), b.temp) || !strings.Contains(err.Error(), "TMPDIR") {
		t.Error(err)
	}
	if other := errors.New("undefined: x"); b.full(other) != other {
		t.Error("another error is one of space")
	}
}
