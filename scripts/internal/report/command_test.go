package report

import (
	"bytes"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

// call runs the command and returns its exit status and its output.
func call(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Run(args, &out, &errs)
	return status, out.String(), errs.String()
}

// folder is a new folder that holds the small file as file.txt.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file.txt"), []byte(contents(t, small)), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestCommand: the command writes a page beside its file and replaces it the next
// time. It writes Markdown with its pictures. It prints the paths.
func TestCommand(t *testing.T) {
	dir := folder(t)
	in, page := filepath.Join(dir, "file.txt"), filepath.Join(dir, "file.html")
	for range 2 {
		status, stdout, stderr := call(in)
		if status != 0 || stdout != page+"\n" || stderr != "" {
			t.Fatalf("exit status %d, %q on standard output, %q on standard error", status, stdout, stderr)
		}
	}
	sound(t, contents(t, page))
	if status, stdout, _ := call("-o", "-", in); status != 0 || stdout != contents(t, page) {
		t.Error("-o - writes something else")
	}
	status, stdout, stderr := call("-format", "markdown", "-o", filepath.Join(dir, "a report.md"), in)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	want := []string{"a report.bystander.svg", "a report.latency.svg", "a report.md", "a report.overview.svg", "a report.scale.svg", "a report.stack.svg", "a report.wakeup.svg", "file.html", "file.txt"}
	if got := entries(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	md := contents(t, filepath.Join(dir, "a report.md"))
	links := regexp.MustCompile(`!\[[^\]]*\]\(<([^>]*)>\)`).FindAllStringSubmatch(md, -1)
	if len(links) != 6 {
		t.Errorf("%d pictures in the Markdown, want 6", len(links))
	}
	for _, l := range links {
		svg := contents(t, filepath.Join(dir, l[1]))
		if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
			t.Errorf("%s: %v", l[1], err)
		}
		for _, want := range []string{`role="img"`, "<title ", "<desc ", "prefers-color-scheme: dark", mark} {
			if !strings.Contains(svg, want) {
				t.Errorf("%s has no %s", l[1], want)
			}
		}
		if !strings.Contains(stdout, filepath.Join(dir, l[1])+"\n") {
			t.Errorf("the path of %s is not printed", l[1])
		}
	}
}

// TestGolden compares the Markdown of the small file with its golden file.
func TestGolden(t *testing.T) {
	f, err := results.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := New([]*results.File{f}).Markdown(&got, "small"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "small.md")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(contents(t, path), got.String()); d != "" {
		t.Errorf("%s (-want +got; -update if it is meant):\n%s", path, d)
	}
}

// TestText: the table comes first, then the ledger, and the summary last.
func TestText(t *testing.T) {
	dir := folder(t)
	status, stdout, stderr := call("-format", "text", filepath.Join(dir, "file.txt"))
	at := -1
	for _, part := range []string{"Create mode=cold", "What is taught about goroutines", "A locked thread is a goroutine with runtime.LockOSThread", "  create, run and join "} {
		next := strings.Index(stdout, part)
		if next <= at {
			t.Errorf("%q stands at %d, want it after %d", part, next, at)
		}
		at = next
	}
	if status != 0 || stderr != "" || strings.Count(stdout[at:], "\n") > 12 {
		t.Errorf("exit status %d, %q; it ends with\n%s", status, stderr, stdout[at:])
	}
	f := load(t, "driver: lockstep\n"+round(1, "BenchmarkParse/impl=fast 10 7 ns/op"))
	var b bytes.Buffer
	if err := Text(&b, f, Parts{}); err != nil || !strings.Contains(b.String(), "7.00 ns") || strings.Contains(b.String(), "LockOSThread") {
		t.Errorf("a file without a row of the summary does not show its table alone: %v\n%s", err, b.String())
	}
}

// TestForeign: a file that report didn't make stays, and report writes nothing.
func TestForeign(t *testing.T) {
	for _, tt := range []struct {
		name, at string
		args     []string
		make     func(path string) error
		says     string
	}{
		{"page", "file.html", nil, func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) }, "was not made by report; remove it, or choose another place with -o"},
		{"folder", "file.html", nil, func(path string) error { return os.Mkdir(path, 0o700) }, "is no regular file"},
		{"link", "file.html", nil, func(path string) error { return os.Symlink("file.txt", path) }, "is no regular file"},
		{"picture", "file.stack.svg", []string{"-format", "markdown"}, func(path string) error { return os.WriteFile(path, []byte("<svg/>"), 0o600) }, "was not made by report"},
		{"the results themselves", "file.txt", []string{"-o", "file.txt"}, func(string) error { return nil }, "was not made by report"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t)
			t.Chdir(dir)
			if err := tt.make(tt.at); err != nil {
				t.Skipf("making it: %v", err)
			}
			before, had := entries(t, dir), contents(t, "file.txt")
			status, stdout, stderr := call(append(tt.args, "file.txt")...)
			if status != 2 || stdout != "" || !strings.Contains(stderr, tt.says) || !strings.Contains(stderr, tt.at) {
				t.Errorf("exit status %d, %q, %q; want 2 and %q", status, stdout, stderr, tt.says)
			}
			if after := entries(t, dir); !slices.Equal(before, after) || contents(t, "file.txt") != had {
				t.Errorf("files %q, before %q", after, before)
			}
		})
	}
}

// TestErrors: each error says what the command can't do, and the way out.
func TestErrors(t *testing.T) {
	dir := folder(t)
	in := filepath.Join(dir, "file.txt")
	for _, tt := range []struct {
		args []string
		says string
	}{
		{nil, "no file given; give one or more"},
		{[]string{"-format", "pdf", in}, `-format "pdf" is none; choose html, markdown or text`},
		{[]string{"-format", "text", in, in}, "-format text is of one file, 2 given; give them one by one"},
		{[]string{"-format", "text", "-o", "x", in}, "-format text goes to standard output; leave out -o"},
		{[]string{"-nope", in}, "-h shows the flags"},
		{[]string{filepath.Join(dir, "none.txt")}, "none.txt"},
		{[]string{"-o", filepath.Join(dir, "none", "page.html"), in}, "choose another place with -o"},
		{[]string{in, filepath.Join("testdata", "small.md")}, "small.md"},
	} {
		status, stdout, stderr := call(tt.args...)
		if status != 2 || stdout != "" || !strings.HasPrefix(stderr, "report: ") || !strings.Contains(stderr, tt.says) {
			t.Errorf("report %q: exit status %d, %q, %q; want 2 and %q", tt.args, status, stdout, stderr, tt.says)
		}
	}
	if got := entries(t, dir); !slices.Equal(got, []string{"file.txt"}) {
		t.Errorf("files %q were left", got)
	}
	if status, stdout, stderr := call("-h"); status != 0 || !strings.Contains(stdout, "Examples:") || !strings.Contains(stdout, "-format") || stderr != "" {
		t.Errorf("-h: exit status %d, %q, %q", status, stdout, stderr)
	}
}
