package gate

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// checkOut makes the sides of a gate that runs in a folder: base as git has it,
// and the working tree.
func (s *session) checkOut(dir, ref string) (base, head *side, err error) {
	s.Helper()
	s.Chdir(dir)
	if !s.checks {
		s.checks = true
		s.Cleanup(func() { (&session{T: s.T, temp: s.temp, log: s.log}).clean(dir) })
	}
	temp, err := os.MkdirTemp(s.temp, "")
	if err != nil {
		s.Fatal(err)
	}
	base, head, remove, err := sides(s.Context(), options{base: ref}, temp)
	s.Cleanup(func() {
		if err == nil {
			remove()
		}
		os.RemoveAll(temp)
	})
	return base, head, err
}

func (s *side) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// TestHook has hooks that fail where their tool is missing.
func TestHook(t *testing.T) {
	m := newModule(t)
	m.commit("one")
	m.write(".git/hooks/post-checkout", "#!/bin/sh\nexit 1\n")
	if err := os.Chmod(filepath.Join(m.dir, ".git/hooks/post-checkout"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := newSession(t).checkOut(m.dir, "one"); err != nil {
		t.Error(err)
	}
}

// TestFilters has a filter as LFS is one, in all the states that a working tree
// may have its files in: both sides hold the same bytes of a blob, or none is
// checked out.
func TestFilters(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the filter is a shell's")
	}
	blobs := func(t *testing.T) *module {
		m := newModule(t)
		m.write(".gitattributes", "*.bin filter=fake\n")
		m.write("same.bin", "pointer same\n")
		m.write("other.bin", "pointer one\n")
		m.write("gone.bin", "pointer gone\n")
		m.commit("one")
		m.write("other.bin", "pointer two\n")
		if err := os.Remove(filepath.Join(m.dir, "gone.bin")); err != nil {
			t.Fatal(err)
		}
		m.commit("two")
		return m
	}
	filter := func(m *module, smudge string) {
		gitIn(m.t, m.dir, "config", "filter.fake.smudge", smudge)
		gitIn(m.t, m.dir, "config", "filter.fake.clean", "sed 's/^content of //'")
		gitIn(m.t, m.dir, "config", "filter.fake.required", "true")
	}
	// apply gives the working tree the files that the filter makes.
	apply := func(m *module) {
		for _, name := range []string{"same.bin", "other.bin"} {
			if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
				m.t.Fatal(err)
			}
			gitIn(m.t, m.dir, "checkout", "--", name)
		}
	}
	const works = "sed 's/^/content of /'"
	for _, test := range []struct {
		name   string
		change func(m *module)
		want   map[string]string // in base
		words  string            // of the error
	}{
		{"pointers", func(m *module) { filter(m, works) },
			map[string]string{"same.bin": "pointer same\n", "other.bin": "pointer one\n", "gone.bin": "pointer gone\n"}, ""},
		{"content", func(m *module) { filter(m, works); apply(m) },
			map[string]string{"same.bin": "content of pointer same\n", "other.bin": "content of pointer one\n", "gone.bin": "content of pointer gone\n"}, ""},
		{"content of its own", func(m *module) {
			filter(m, works)
			apply(m)
			gitIn(m.t, m.dir, "config", "filter.fake.smudge", "sed 's/^/CONTENT of /'") // another version of the tool
		}, map[string]string{"same.bin": "content of pointer same\n"}, ""},
		{"content that is edited", func(m *module) { filter(m, works); apply(m); m.write("same.bin", "content of mine\n") },
			map[string]string{"same.bin": "content of pointer same\n"}, ""},
		{"filter that fails", func(m *module) {
			filter(m, works)
			apply(m)
			gitIn(m.t, m.dir, "config", "filter.fake.smudge", "false")
		}, nil, "that filter fails"},
		{"filter that does nothing", func(m *module) {
			filter(m, works)
			apply(m)
			gitIn(m.t, m.dir, "config", "filter.fake.smudge", "cat")
		}, nil, "that filter changes nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := blobs(t)
			test.change(m)
			base, head, err := newSession(t).checkOut(m.dir, "one")
			if test.want == nil {
				if err == nil || !strings.Contains(err.Error(), "gone.bin") || !strings.Contains(err.Error(), test.words) || !strings.Contains(err.Error(), "-base-dir") {
					t.Errorf("%v; want it to name gone.bin, %q and -base-dir", err, test.words)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range test.want {
				if got := base.read(t, name); got != want {
					t.Errorf("base's %s is %q, want %q", name, got, want)
				}
			}
			if test.name != "content that is edited" && base.read(t, "same.bin") != head.read(t, "same.bin") {
				t.Error("the sides read different things of one blob")
			}
		})
	}
}

// TestNeighbours has builds that need files outside the repository, or files
// that git ignores.
func TestNeighbours(t *testing.T) {
	const uses = "package work\n\nimport _ \"example.com/lib\"\n"
	for _, test := range []struct {
		name   string
		make   func(t *testing.T, top *module) (dir string) // top is the repository; answers where gate runs
		folder string                                       // folder of the library as base must see it, relative to base's own
		words  string
	}{
		{name: "ignored go.work", make: func(t *testing.T, top *module) string {
			top.write(".gitignore", "go.work\n")
			top.write("a/go.mod", "module example.com/a\n\ngo 1.26\n")
			top.write("a/a.go", uses)
			top.write("lib/go.mod", "module example.com/lib\n\ngo 1.26\n")
			top.write("lib/lib.go", "package lib\n")
			top.write("go.work", "go 1.26\n\nuse (\n\t./a\n\t./lib\n)\n")
			os.Remove(filepath.Join(top.dir, "go.mod"))
			return "a"
		}, folder: "../lib"},
		{name: "replacement beside", make: func(t *testing.T, top *module) string {
			top.write("go.mod", "module example.com/steps\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib // beside\n")
			top.write("a.go", uses)
			top.write("../lib/go.mod", "module example.com/lib\n\ngo 1.26\n")
			top.write("../lib/lib.go", "package lib\n")
			return "."
		}, folder: "../lib"},
		{name: "go.work above", make: func(t *testing.T, top *module) string {
			top.write("a.go", uses)
			top.write("../far/lib/go.mod", "module example.com/lib\n\ngo 1.26\n\nrequire example.com/more v0.0.0\n\nreplace example.com/more => ../../more\n")
			top.write("../far/lib/lib.go", "package lib\n\nimport _ \"example.com/more\"\n")
			top.write("../more/go.mod", "module example.com/more\n\ngo 1.26\n")
			top.write("../more/more.go", "package more\n")
			top.write("../go.work", "go 1.26\n\nuse \"./module\"\nuse ./far/lib\n")
			return "."
		}, folder: "../far/lib"},
		{name: "repository in a module", make: func(t *testing.T, top *module) string {
			top.write("a.go", uses)
			top.write("go.mod", "module example.com/steps\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ..\n")
			top.write("../go.mod", "module example.com/lib\n\ngo 1.26\n")
			top.write("../lib.go", "package lib\n")
			return "."
		}, folder: ".."},
		{name: "absolute path", make: func(t *testing.T, top *module) string {
			top.write("lib/go.mod", "module example.com/lib\n\ngo 1.26\n")
			top.write("go.mod", "module example.com/steps\n\ngo 1.26\n\nreplace example.com/lib => "+filepath.ToSlash(filepath.Join(top.dir, "lib"))+"\n")
			return "."
		}, words: "both sides would be built from it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			top := newModule(t)
			dir := filepath.Join(top.dir, test.make(t, top))
			top.commit("one")
			s := newSession(t)
			base, _, err := s.checkOut(dir, "one")
			if test.words != "" {
				if err == nil || !strings.Contains(err.Error(), test.words) {
					t.Errorf("%v, want %q", err, test.words)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := base.goCommand(t.Context(), s.temp, "list", "-f", "{{.Dir}}", "example.com/lib")
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(base.dir, filepath.FromSlash(test.folder)); got != want {
				t.Errorf("base finds the library in %s, want %s", got, want)
			}
			if _, err := base.goCommand(t.Context(), s.temp, "build", "./..."); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBelow has the environment of a git hook, which makes git use another
// repository.
func TestBelow(t *testing.T) {
	m := newModule(t)
	m.write("sub/go.mod", "module example.com/sub\n\ngo 1.26\n")
	m.commit("one")
	other := newModule(t)
	other.commit("one")
	before := gitIn(t, other.dir, "log", "--all", "--format=%H")
	t.Setenv("GIT_DIR", filepath.Join(other.dir, ".git"))
	t.Setenv("GIT_WORK_TREE", other.dir)
	t.Setenv("GIT_INDEX_FILE", filepath.Join(other.dir, ".git", "index"))
	t.Setenv("GIT_PREFIX", "sub/")
	base, _, err := newSession(t).checkOut(filepath.Join(m.dir, "sub"), "one")
	if err != nil {
		t.Fatal(err)
	}
	if base.read(t, "go.mod") != "module example.com/sub\n\ngo 1.26\n" {
		t.Error("base is another folder")
	}
	for _, kv := range base.environ() {
		if strings.HasPrefix(kv, "GIT_DIR=") {
			t.Errorf("base's programs see %s", kv)
		}
	}
	m.commit("two")
	if after := gitIn(t, other.dir, "log", "--all", "--format=%H"); after != before {
		t.Error("a test's commit has landed in the caller's repository")
	}
	// The variables by which a CI passes settings stay.
	if got := gitEnviron([]string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "GIT_CONFIG_PARAMETERS=x", "GIT_DIR=x", "HOME=/"}); len(got) != 4 {
		t.Errorf("git's environment is %q", got)
	}
}

// TestSubmodule has a submodule; base has it at a commit of its own.
func TestSubmodule(t *testing.T) {
	lib, m := newModule(t), newModule(t)
	lib.write("text", "one")
	lib.commit("one")
	gitIn(t, m.dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.dir, "lib")
	m.commit("one")
	sub := filepath.Join(m.dir, "lib")
	if err := os.WriteFile(filepath.Join(sub, "text"), []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	gitIn(t, sub, "commit", "--quiet", "-am", "two")
	m.commit("two")
	s := newSession(t)
	base, head, err := s.checkOut(m.dir, "one")
	if err != nil {
		t.Fatal(err)
	}
	if base.read(t, "lib/text") != "one" || head.read(t, "lib/text") != "two" {
		t.Errorf("base's submodule says %q, head's %q", base.read(t, "lib/text"), head.read(t, "lib/text"))
	}
	if status := gitIn(t, sub, "status", "--porcelain"); status != "" {
		t.Errorf("the working tree's submodule is touched: %s", status)
	}
	// A commit that is missing from the working tree's submodule.
	gitIn(t, m.dir, "update-index", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",lib")
	gitIn(t, m.dir, "commit", "--quiet", "-m", "three")
	base, _, err = s.checkOut(m.dir, "HEAD")
	if err != nil || len(base.remarks) != 1 || !strings.Contains(base.remarks[0], "submodule lib is empty") {
		t.Errorf("%v, %q", err, base.remarks)
	}
}

// TestSetup makes the files that git does not keep, by a command and only in
// the checkout.
func TestSetup(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are a shell's")
	}
	m := newModule(t)
	m.write("sub/go.mod", "module example.com/sub\n\ngo 1.26\n")
	m.commit("one")
	s := newSession(t)
	base, head, err := s.checkOut(filepath.Join(m.dir, "sub"), "one")
	if err != nil {
		t.Fatal(err)
	}
	if base.hint() == "" || head.hint() != "" {
		t.Errorf("base's hint is %q, head's %q: the command is for the checkout alone", base.hint(), head.hint())
	}
	base.env = []string{"SIDE=base"}
	for _, side := range []*side{base, head} {
		if err := side.setup(t.Context(), s.temp, `echo "$SIDE $(pwd)" >made`); err != nil {
			t.Fatal(err)
		}
	}
	if got := base.read(t, "made"); got != "base "+base.dir+"\n" {
		t.Errorf("the command has run with %q", got)
	}
	if _, err := os.Stat(filepath.Join(head.dir, "made")); err == nil {
		t.Error("the command has run in the working tree")
	}
	err = base.setup(t.Context(), s.temp, "echo no such tool >&2; exit 7")
	if err == nil || !strings.Contains(err.Error(), "checkout of base") || !strings.Contains(err.Error(), "exit status 7") || !strings.HasSuffix(err.Error(), "\nno such tool") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	if err := base.setup(ctx, s.temp, "true"); err != context.DeadlineExceeded {
		t.Errorf("stopped, it answers %v", err)
	}
}

// TestDirectives reads lines of go.mod and go.work files.
func TestDirectives(t *testing.T) {
	const text = "module x // replace y => ../no\n\nuse ./a\nuse (\n\t./b // b\n\t\"./c d\"\n)\nuse(\n\t../e\n)\nreplace f => ../f\nreplace g v1.0.0 => `../g`\nreplace (\n\th => ../h\n\ti => example.com/i v1.0.0\n)\nrequire j v1.0.0\n"
	var got []string
	for _, line := range directives(text) {
		if to, ok := local(line); ok {
			got = append(got, to)
		}
	}
	if want := []string{"./a", "./b", "./c d", "../e", "../f", "../g", "../h"}; !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
}
