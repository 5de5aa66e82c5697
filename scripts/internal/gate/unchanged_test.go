package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnchanged passes packages whose test binaries are built from and read the
// same files on both sides. It measures packages for which that is uncertain.
func TestUnchanged(t *testing.T) {
	base, head := newModule(t), newModule(t)
	work := func(name, imports string) string {
		return strings.Replace(strings.Replace(steps(300), "package work", "package "+name, 1), "\t\"testing\"\n", "\t\"testing\"\n"+imports, 1)
	}
	all := map[string]string{
		".gitignore":                           "/ignored/\n",
		"README.md":                            "read me\n",
		"dep/dep.go":                           "package dep\n\n// N is a number.\nconst N = 3\n",
		"one/one.go":                           "package one\n\nconst M = 2\n",
		"one/one_other.go":                     "//go:build never\n\npackage one\n",
		"one/one_test.go":                      work("one", "\n\t\"example.com/steps/dep\"\n") + "\nvar _ = dep.N\n",
		"one/embedded_test.go":                 "package one\n\nimport _ \"embed\"\n\n//go:embed data/text\nvar text string\n",
		"one/data/text":                        "text",
		"one/notes":                            "notes",
		"one/testdata/deep/in":                 "data",
		"one/testdata/src/x.go":                "package x\n",
		"plain/plain.go":                       "package plain\n",
		"two/two_test.go":                      work("two", "") + "\nconst file = \"../plain/plain.go\"\n",
		"docs/docs_test.go":                    work("docs", "") + "\nconst file = \"../README.md\"\n",
		"above/above_test.go":                  work("above", "") + "\nconst file = \"../../data\"\n",
		"testdata/shared":                      "shared",
		"gate-2026-01-02-030405-host/base.txt": "rounds",
		"ignored/file":                         "ignored",
	}
	for _, m := range []*module{base, head} {
		for name, text := range all {
			m.write(name, text)
		}
		m.commit("one")
	}
	s := newSession(t)
	targets := func(names ...string) (all []target) {
		for _, name := range names {
			all = append(all, target{path: "example.com/steps/" + name, dirs: [2]string{filepath.Join(base.dir, name), filepath.Join(head.dir, name)}})
		}
		return all
	}("one", "two", "docs", "above")
	// changed are the targets to be measured, by their first letters.
	changed := func(base, head *side) (letters, reasons string) {
		t.Helper()
		why, err := unchangedPackages(t.Context(), s.temp, base, head, targets)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range why {
			if w != "" {
				letters += filepath.Base(targets[i].path)[:1]
			}
		}
		return letters, strings.Join(why, "; ")
	}
	of := func(m *module, env ...string) *side { return &side{name: "side", dir: m.dir, env: env} }
	for _, test := range []struct {
		name, file, text string // of head
		want             string
		reason           string
	}{
		{name: "nothing", want: "a", reason: "may read above the module"},
		{"a comment in a dependency", "dep/dep.go", strings.Replace(all["dep/dep.go"], "number", "figure", 1), "oa", "dep.go of example.com/steps/dep differs"},
		{"its source", "one/one.go", "package one\n\nconst M = 3\n", "oa", "one.go of example.com/steps/one differs"},
		{"another package", "two/two_test.go", work("two", "") + "\n", "ta", "two_test.go of example.com/steps/two differs"},
		{"a file more", "two/more_test.go", "package two\n", "ta", "only one side has"},
		{"what is not built", "one/one_other.go", "//go:build never\n\npackage one\n\n", "a", ""},
		{"what is embedded", "one/data/text", "Text", "otda", "one/data/text differs"},
		{"a file beside it", "one/notes", "Notes", "otda", "notes differs"},
		{"a byte below testdata", "one/testdata/deep/in", "Data", "otda", "testdata/deep/in differs"},
		{"source below testdata", "one/testdata/src/x.go", "package y\n", "otda", "testdata/src/x.go differs"},
		{"data of the module", "testdata/shared", "sharee", "otda", "testdata/shared differs"},
		{"data more", "testdata/new", "", "otda", "testdata/new differs"},
		{"a document", "README.md", "Read me\n", "da", "README.md differs"},
		{"source that another package reads", "plain/plain.go", "package plain\n\n", "ta", "plain/plain.go differs"},
		{"what git ignores", "ignored/file", "Ignored", "a", ""},
		{"raw rounds", "gate-2026-01-02-030405-host/base.txt", "Rounds", "a", ""},
		{"the language", "go.mod", "module example.com/steps\n\ngo 1.25\n", "otda", "differs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.file != "" {
				head.write(test.file, test.text)
				defer func() {
					if old, ok := all[test.file]; ok {
						head.write(test.file, old)
					} else if test.file == "go.mod" {
						gitIn(t, head.dir, "checkout", "--quiet", "go.mod")
					} else if err := os.Remove(filepath.Join(head.dir, test.file)); err != nil {
						t.Error(err)
					}
				}()
			}
			letters, reasons := changed(of(base), of(head))
			for _, l := range "otda" {
				if strings.ContainsRune(letters, l) != strings.ContainsRune(test.want, l) {
					t.Errorf("changed are %q, want %q: %s", letters, test.want, reasons)
					break
				}
			}
			if !strings.Contains(reasons, test.reason) {
				t.Errorf("the reasons are %q, want %q among them", reasons, test.reason)
			}
		})
	}
	for name, sides := range map[string][2]*side{
		"environments differ": {of(base), of(head, "SIDE=1")},
		"one folder":          {of(base), of(base)},
		"go env GOFLAGS":      {{name: "base", dir: base.dir, env: []string{"A=1"}}, {name: "head", dir: head.dir, env: []string{"A=1"}, places: []string{"GOFLAGS=-tags=x"}}},
		"go env GOVERSION":    {{name: "base", dir: base.dir}, {name: "head", dir: head.dir, places: []string{versionVariable + "=go1.99"}}},
		"reads files":         {{name: "base", dir: base.dir, places: []string{"GOFLAGS=-overlay=x"}}, {name: "head", dir: head.dir, places: []string{"GOFLAGS=-overlay=x"}}},
	} {
		if letters, reasons := changed(sides[0], sides[1]); letters != "otda" || !strings.Contains(reasons, name) {
			t.Errorf("%s: changed are %q for %q", name, letters, reasons)
		}
	}
}
