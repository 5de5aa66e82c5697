package suite

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"threadbench/bench"
	"threadbench/bench/measure"
	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/job"
)

// one is a selection that is measured in half a second.
const one = "Create/impl=(goroutine|clone)/mode=reused$"

func TestRefusedCommandLines(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // of the error, in full but for "run: "
	}{
		{[]string{"-nosuch"}, "flag provided but not defined: -nosuch; -h shows the flags"},
		{[]string{"-rounds", "many"}, `invalid value "many" for flag -rounds: parse error; -h shows the flags`},
		{[]string{"file.txt"}, `run takes no argument, "file.txt" given; choose cases by -bench, the file by -o`},
		{[]string{"-bench", "x", "y", "-o", "z"}, `run takes no argument, "y" given; choose cases by -bench, the file by -o`},
		{[]string{"-profile", "long"}, `-profile "long" is unknown; choose quick or full`},
		{[]string{"-profile", ""}, `-profile "" is unknown; choose quick or full`},
		{[]string{"-rounds", "0"}, "-rounds 0 is too few; give 1 or more"},
		{[]string{"-rounds", "-1"}, "-rounds -1 is too few; give 1 or more"},
		{[]string{"-until", "tomorrow"}, `-until "tomorrow" is unknown; give -until decided`},
		{[]string{"-until", "decided", "-rounds", "20"}, "-rounds and -until exclude each other: with -until decided a run looks after 12, 18, 27, 40, 60 rounds, at 1% each"},
		{[]string{"-until", "decided", "-budget", "0"}, "-budget 0s is too short; give a time like 20m"},
		{[]string{"-budget", "1h"}, "-budget 1h0m0s needs -until decided; give that, too, or give -rounds instead"},
		{[]string{"-until", "decided", "-bench", "place=free"}, `-bench "place=free" matches no case of profile full that the ledger needs; -list shows them`},
		{[]string{"-cpu", "-2"}, "-cpu -2 is no CPU; give the number of an allowed CPU"},
		{[]string{"-allow", "fast"}, `invalid value "fast" for flag -allow: "fast" is none; choose of race, msan, asan, cover, gcflags; -h shows the flags`},
		{[]string{"-cpu", "9999"}, "measuring on CPU 9999: this process may use only ["},
		{[]string{"-patience", "0"}, "-patience 0s is too short; give a time like 1m"},
		{[]string{"-format", "xml"}, `-format "xml" is unknown; choose text, json, csv or raw`},
		{[]string{"-host", "rack/3"}, `-host "rack/3" is no name; give letters, digits, dots, hyphens and underscores`},
		{[]string{"-host", ""}, `-host "" is no name; give letters, digits, dots, hyphens and underscores`},
		{[]string{"-force", "-resume", "-o", "x"}, "-force and -resume exclude each other: one replaces the results file, the other goes on with it"},
		{[]string{"-resume"}, "-resume needs -o FILE: the results file to go on with"},
		{[]string{"-bench", "Create/impl=(clone"}, "-bench \"Create/impl=(clone\" is no regular expression: error parsing regexp: missing closing ): `Create/impl=(clone`"},
		{[]string{"-bench", "Nothing"}, `-bench "Nothing" matches no case of profile quick; -list shows them`},
		{[]string{"-bench", "place=free"}, `-bench "place=free" matches no case of profile quick; -list shows them`},
		{[]string{"-list", "-bench", "Nothing"}, `-bench "Nothing" matches no case of profile quick; -list shows them`},
	} {
		code, stdout, stderr := call(test.args...)
		if code != 2 || stdout != "" || !strings.HasPrefix(stderr, "run: "+test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("run %q: exit code %d, standard output %q, standard error %q; want 2, nothing, and one line: run: %s", test.args, code, stdout, stderr, test.want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, arg := range []string{"-h", "-help", "--help"} {
		code, stdout, stderr := call(arg)
		if code != 0 || stderr != "" {
			t.Errorf("run %s: exit code %d, standard error %q; want 0 and nothing", arg, code, stderr)
		}
		for _, want := range []string{"go run ./scripts/run -profile full", "-resume", "The exit code\nis 0 when", "-bench REGEXP\n"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("run %s does not say %q:\n%s", arg, want, stdout)
			}
		}
	}
}

// TestHelpExamples parses each command line that the help shows.
func TestHelpExamples(t *testing.T) {
	examples := 0
	for line := range strings.Lines(usage) {
		rest, ok := strings.CutPrefix(line, "  go run ./scripts/run")
		if !ok {
			continue
		}
		examples++
		command, _, _ := strings.Cut(rest, "   ")
		if before, _, ok := strings.Cut(rest, "  "); ok {
			command = before
		}
		args := strings.Fields(strings.ReplaceAll(command, "'", ""))
		o, err := parse(args, os.Stderr)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			continue
		}
		if len(selectCases(o.profile, o.match)) == 0 {
			t.Errorf("%q chooses no case", args)
		}
	}
	if examples < 5 {
		t.Errorf("the help shows %d examples", examples)
	}
}

func TestList(t *testing.T) {
	_, needed := claims.Needed(nil)
	for _, test := range []struct {
		args []string
		is   func(measure.Case) bool
	}{
		{[]string{"-list"}, func(c measure.Case) bool { return c.Quick }},
		{[]string{"-list", "-profile", "full"}, func(measure.Case) bool { return true }},
		{[]string{"-list", "-until", "decided"}, func(c measure.Case) bool { return needed[c.Name.String()] }},
		{[]string{"-list", "-profile", "full", "-bench", "^BenchmarkSwitch.*/place=cross$"}, func(c measure.Case) bool { return c.Name.Get("place") == "cross" }},
	} {
		code, stdout, stderr := call(test.args...)
		if code != 0 || stderr != "" {
			t.Errorf("run %q: exit code %d, standard error %q; want 0 and nothing", test.args, code, stderr)
		}
		listed := map[string]bool{}
		for _, word := range strings.Fields(stdout) {
			if name, ok := strings.CutPrefix(word, "Benchmark"); ok {
				listed[name] = true
			}
		}
		for _, c := range bench.Families.Cases() {
			if name := c.Name.String(); listed[name] != test.is(c) {
				t.Errorf("run %q: %s is listed: %v", test.args, name, listed[name])
			}
		}
	}
}

// TestRefusedOutputs names results files that can't be written or gone on
// with. Each is left as it is.
func TestRefusedOutputs(t *testing.T) {
	temp, _ := withStandIn(t)
	dir := t.TempDir()
	plan := Plan{Profile: "quick", Bench: one, Rounds: 1, CPU: site(t).CPU}
	other := plan
	other.Rounds = 7
	head := headOf(t)
	round := "# round 1: seconds=1\nBenchmarkCreate/impl=clone/mode=reused 5000 25000 ns/op\n# end round 1\n"
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	edit := func(old, new string) string {
		if !strings.Contains(head, old) {
			t.Fatalf("the head has no %q:\n%s", old, head)
		}
		return strings.Replace(head, old, new, 1)
	}
	exists := file("exists.txt", "mine\n")
	for _, test := range []struct {
		name string
		path string
		args []string
		want []string
	}{
		{"exists", exists, nil, []string{"writing results to " + exists + ": file already exists", "-resume", "-force", "-o"}},
		{"is a folder", dir, []string{"-force"}, []string{"writing results to " + dir + ": it is no regular file; choose another place with -o"}},
		{"is below a file", filepath.Join(exists, "below", "o.txt"), nil, []string{"writing results to ", "not a directory; choose another place with -o"}},
		{"is missing", filepath.Join(dir, "missing.txt"), []string{"-resume"}, []string{"missing.txt", "; start it without -resume"}},
		{"is a device", os.DevNull, []string{"-force"}, []string{"writing results to " + os.DevNull + ": it is no regular file; choose another place with -o"}},
		{"is somebody else's", file("foreign.txt", "mine\n"), []string{"-resume"}, []string{"it has no readable plan, so this command didn't begin it; replace it by -force, or start another with -o"}},
		{"has a plan that is none", file("badplan.txt", head+"# plan {\"rounds\":\"many\"}\n"+round), []string{"-resume"}, []string{"it has no readable plan, so this command didn't begin it"}},
		{"has another plan", file("other.txt", head+other.line()+round), []string{"-resume"}, []string{"it was begun as " + flags(other), "give the same flags, or another file with -o"}},
		{"is of another kernel", file("kernel.txt", edit("\nkernel: ", "\nkernel: 2.4-")+plan.line()+round), []string{"-resume"}, []string{`its kernel is "2.4-`, `", here it is "`, "choose it with -o"}},
		{"lacks a setting", file("lacks.txt", regexp.MustCompile(`(?m)^kernel: .*\n`).ReplaceAllString(head, "")+plan.line()+round), []string{"-resume"}, []string{`its kernel is "", here it is "`, "choose it with -o"}},
		{"holds a broken round", file("broken.txt", head+plan.line()+strings.Replace(round, "25000", "many", 1)), []string{"-resume"}, []string{"reading results ", "broken.txt:", "correct or delete the line, or run again"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, beforeErr := os.ReadFile(test.path)
			code, stdout, stderr := call(append(test.args, "-bench", one, "-rounds", "1", "-o", test.path)...)
			last := stderr[strings.LastIndex(strings.TrimSuffix(stderr, "\n"), "\n")+1:]
			if code != 2 || stdout != "" || !strings.HasPrefix(last, "run: ") {
				t.Errorf("exit code %d, standard output %q, standard error %q; want 2, nothing, and an error at its end", code, stdout, stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(last, want) {
					t.Errorf("%q does not say %q", last, want)
				}
			}
			after, afterErr := os.ReadFile(test.path)
			if string(before) != string(after) || (beforeErr == nil) != (afterErr == nil) {
				t.Errorf("the file has changed from %q, %v to %q, %v", before, beforeErr, after, afterErr)
			}
		})
	}
	if left := entries(t, temp); len(left) > 0 {
		t.Errorf("temporary folders are left: %v", left)
	}
}

// site is where the tests would measure.
func site(t *testing.T) measure.Site {
	t.Helper()
	s, err := measure.NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// headOf is what the worker's results begin with.
func headOf(t *testing.T) string {
	t.Helper()
	head, err := measure.Head(t.Context(), filepath.Join(tools(t), "worker"), site(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(head)
}

// entries are the names in a folder.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

// TestResumedMachine holds the head of a file against that of this machine.
func TestResumedMachine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o.txt")
	if err := os.WriteFile(path, []byte("kernel: 6.1\ntimer-ns: 50\npthread: glibc-2.36\n# plan {}\nBenchmarkA 1 1 ns/op\nother: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for head, says := range map[string]string{
		"kernel: 6.1\ntimer-ns: 20\npthread: glibc-2.36\n": "",
		"kernel: 6.2\ntimer-ns: 50\npthread: glibc-2.36\n": `its kernel is "6.1", here it is "6.2"`,
		"kernel: 6.1\ntimer-ns: 50\n":                      `its pthread is "glibc-2.36", here it is ""`,
		"kernel: 6.1\npthread: glibc-2.36\nnew: 1\n":       `its new is "", here it is "1"`,
	} {
		out := output{file: job.File{Path: path}}
		if err := out.resume(Plan{}, []byte(head)); (err == nil) != (says == "") || err != nil && !strings.HasPrefix(err.Error(), says+"; ") {
			t.Errorf("with the head %q: %v, want %q", head, err, says)
		}
	}
}

// TestInjected refuses to measure what is slowed down on purpose.
func TestInjected(t *testing.T) {
	t.Setenv(measure.InjectVariable, "1.03")
	code, _, stderr := call("-o", t.TempDir()+"/o.txt")
	if code != 2 || !strings.Contains(stderr, "THREADBENCH_INJECT=1.03") {
		t.Errorf("with an injection set, it answers %d and says %q", code, stderr)
	}
}
