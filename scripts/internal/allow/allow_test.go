package allow

import (
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"threadbench/bench/catalog"
)

func TestFlag(t *testing.T) {
	for _, test := range []struct{ text, want, refusal string }{
		{"race", "race", ""},
		{"race,cover", "race,cover", ""},
		{"gcflags,race,gcflags", "gcflags,race", ""},
		{"", "", `"" is none; choose of race, msan, asan, cover, gcflags`},
		{"race,", "", `"" is none`},
		{"fast", "", `invalid value "fast" for flag -allow: "fast" is none; choose of race, msan, asan, cover, gcflags`},
		{"race, cover", "", `" cover" is none`},
		{"pgo", "", `"pgo" is none`},
	} {
		var f Flags
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		fs.Var(&f, "allow", Usage)
		err := fs.Parse([]string{"-allow", test.text})
		if (err == nil) != (test.refusal == "") || err != nil && !strings.Contains(err.Error(), test.refusal) {
			t.Errorf("-allow %q: %v, want %q", test.text, err, test.refusal)
		}
		if err == nil && (f.String() != test.want || f.Build() != test.want) {
			t.Errorf("-allow %q is %q, a build %q, want %q", test.text, f.String(), f.Build(), test.want)
		}
	}
	if got := Flags(nil).Build(); got != "plain" || catalog.DistortedBuild(got) {
		t.Errorf("without -allow a build is %q", got)
	}
}

// TestCheck builds programs with GOFLAGS and checks each against the allowed flags.
func TestCheck(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("no go command: %v", err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/m\n\ngo 1.24\n", "main.go": "package main\n\nfunc main() { println() }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept := filepath.Join(dir, "env")
	if err := os.WriteFile(kept, []byte("GOFLAGS=-gcflags=-l\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const refused = "the worker is built with %, so its figures would not be those of a plain build; take that out of GOFLAGS"
	for _, test := range []struct {
		name, goflags, goenv string
		allowed              Flags
		want                 []string // nil: it passes
	}{
		{"plain", "", "off", nil, nil},
		{"what makes no other code", "-ldflags=-w -trimpath -buildvcs=false", "off", nil, nil},
		{"not optimized", "'-gcflags=all=-N -l'", "off", nil, []string{strings.Replace(refused, "%", "-gcflags=all=-N -l", 1), `("'-gcflags=all=-N -l'", from the environment), or measure such a build on purpose with -allow gcflags`}},
		{"not optimized, as asked for", "-gcflags=-N", "off", Flags{"gcflags"}, nil},
		{"covered", "-cover", "off", nil, []string{strings.Replace(refused, "%", "-cover=true", 1), `("-cover", from the environment)`, "-allow cover"}},
		{"two, one of them asked for", "-cover -gcflags=-l", "off", Flags{"gcflags"}, []string{"built with -cover=true,", "-allow gcflags,cover"}},
		{"two", "-cover -gcflags=-l", "off", nil, []string{"built with -cover=true and -gcflags=-l,", "-allow cover,gcflags"}},
		{"another one asked for", "-cover", "off", Flags{"race"}, []string{"built with -cover=true,", "-allow race,cover"}},
		{"by the go command's own file", "", kept, nil, []string{"built with -gcflags=-l,", `("-gcflags=-l", kept by go env -w)`, "-allow gcflags"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("GOFLAGS", test.goflags)
			t.Setenv("GOENV", test.goenv)
			t.Setenv("CGO_ENABLED", "0")
			program := filepath.Join(dir, "program")
			build := exec.Command("go", "build", "-o", program, ".")
			build.Dir = dir
			if text, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			err := test.allowed.Check(t.Context(), program, dir, os.Environ())
			if (err == nil) != (test.want == nil) {
				t.Fatalf("Check: %v, want %q", err, test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// TestCheckNothing checks programs that no go command has built. A worker in another
// language passes, and a missing worker is an error.
func TestCheckNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Flags(nil).Check(t.Context(), path, t.TempDir(), os.Environ()); err != nil {
		t.Errorf("Check of a script: %v", err)
	}
	err := Flags(nil).Check(t.Context(), path+"-none", t.TempDir(), os.Environ())
	if err == nil || !strings.Contains(err.Error(), "looking up how the worker is built") {
		t.Errorf("Check: %v", err)
	}
}
