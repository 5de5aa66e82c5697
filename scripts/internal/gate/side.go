package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/job"
)

// A side is a source tree and an environment: what is built, and how it runs.
type side struct {
	name    string   // "base" or "head"
	what    string   // for the reader: "main (1a2b3c4)"
	dir     string   // where go is run
	env     []string // K=V, for its build and its runs
	made    bool     // dir is in a checkout that gate made
	places  []string // K=V: paths in the environment, moved from the working tree to that checkout
	remarks []string // about the checkout, for the reader

	version string // of its go command
	ldflags string // of its GOFLAGS
	random  bool   // its linker can lay functions out at random
	align   bool   // its linker can align functions
}

// environ is the side's whole environment, without what a git hook sets: those
// variables name the hook's repository.
func (s *side) environ() []string {
	return measure.Environ(measure.Environ(outsideHook(os.Environ()), s.places...), s.env...)
}

func (s *side) String() string {
	return strings.Join(append([]string{s.what, s.version}, s.env...), ", ")
}

// sides makes the two source trees; checkouts go below temp. remove deletes the
// checkouts.
func sides(ctx context.Context, o options, temp string) (base, head *side, remove func(), err error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, nil, nil, err
	}
	var trees []string
	remove = func() {
		for _, t := range trees {
			removeWorktree(cwd, t)
		}
	}
	base = &side{name: "base", env: o.baseEnv}
	head = &side{name: "head", env: o.headEnv}
	for _, at := range []struct {
		side     *side
		ref, dir string
	}{{base, o.base, o.baseDir}, {head, o.head, o.headDir}} {
		switch {
		case at.ref != "":
			sweepWorktrees(cwd)
			c, err := newCheckout(ctx, at.side, cwd, at.ref, temp)
			if err == nil {
				trees = append(trees, c.tree)
				err = c.make(ctx, temp)
			}
			if err != nil {
				remove()
				return nil, nil, nil, err
			}
		case at.dir != "":
			if at.side.dir, err = filepath.Abs(at.dir); err == nil {
				_, err = os.ReadDir(at.side.dir)
			}
			if err != nil {
				remove()
				return nil, nil, nil, fmt.Errorf("-%s-dir: %w; give a folder with a Go module", at.side.name, err)
			}
			at.side.what = at.dir
		default:
			at.side.dir, at.side.what = cwd, "working tree"
		}
	}
	return base, head, remove, nil
}

// setup runs the command of -setup in the module's folder of a checkout that
// gate made. There it makes the files that git does not keep. It does not run
// in the working tree or in a folder of -base-dir or -head-dir: those have the
// user's own files.
func (s *side) setup(ctx context.Context, temp, command string) error {
	if command == "" || !s.made {
		return nil
	}
	shell := []string{"sh", "-c", command}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C", command}
	}
	cmd := job.Command(ctx, shell[0], shell[1:]...)
	cmd.Dir = s.dir
	cmd.Env = measure.Environ(s.environ(), "PWD="+s.dir, "GOTMPDIR="+temp)
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("-setup %q fails in the checkout of %s (%s): %w:\n%s", command, s.name, s.what, err, tail(string(out)))
	}
	return nil
}

// goEnviron is the environment of the side's go command.
func (s *side) goEnviron(temp string) []string {
	return measure.Environ(s.environ(), "GOTMPDIR="+temp)
}

// goCommand runs the side's go command to its end and answers its standard
// output.
func (s *side) goCommand(ctx context.Context, temp string, args ...string) (string, error) {
	out, err := job.Output(ctx, s.dir, s.goEnviron(temp), "go", args...)
	return out, s.failed(ctx, err)
}

// failed adds the side's name to an error; if the run was stopped, it answers
// why instead.
func (s *side) failed(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// lookUp reads the version, the GOFLAGS and the linker's abilities of the
// side's go command.
func (s *side) lookUp(ctx context.Context, temp string) error {
	settings, err := s.goCommand(ctx, temp, "env", "GOVERSION", "GOFLAGS")
	if err != nil {
		return err
	}
	var goflags string
	s.version, goflags, _ = strings.Cut(settings, "\n")
	if s.ldflags, err = ldflags(goflags); err != nil {
		return fmt.Errorf("%s: GOFLAGS=%s: %w", s.name, goflags, err)
	}
	// With -help the linker exits 2, so its flags are in the error.
	if _, help := s.goCommand(ctx, temp, "tool", "link", "-help"); help != nil {
		s.random = strings.Contains(help.Error(), "-randlayout")
		s.align = strings.Contains(help.Error(), "-funcalign")
	}
	return ctx.Err()
}

// ldflags is the linker's part of GOFLAGS: its last -ldflags. Flags are
// separated by spaces; a flag with spaces is quoted ("go help environment").
func ldflags(goflags string) (string, error) {
	var found string
	for rest := strings.TrimSpace(goflags); rest != ""; rest = strings.TrimSpace(rest) {
		var field string
		if quote := rest[0]; quote == '\'' || quote == '"' {
			end := strings.IndexByte(rest[1:], quote)
			if end < 0 {
				return "", fmt.Errorf("a %c without another", quote)
			}
			field, rest = rest[1:1+end], rest[2+end:]
		} else {
			end := strings.IndexAny(rest, " \t\n\r")
			if end < 0 {
				end = len(rest)
			}
			field, rest = rest[:end], rest[end:]
		}
		if v, ok := strings.CutPrefix(strings.TrimLeft(field, "-"), "ldflags="); ok {
			found = v
		}
	}
	return found, nil
}

// hint is a way out where this side lacks something that the other side has.
func (s *side) hint() string {
	if s.made {
		return "; if the missing file is not in git, have -setup CMD make it"
	}
	return ""
}

// compile builds the packages' test binaries, with one go command for as many
// as can share one. out says where each goes; the answer has the error of each.
// align aligns functions. seed is the layout; 0 is the linker's own order.
func (s *side) compile(ctx context.Context, temp string, pkgs []string, align bool, seed uint64, out func(int) string) ([]error, error) {
	// -w leaves debug information out: a third of the time and of the file,
	// and it moves no code.
	flags := strings.TrimSpace(s.ldflags + " -w")
	if align {
		flags += " -funcalign=64"
	}
	if seed != 0 {
		flags += fmt.Sprintf(" -randlayout=%d", seed)
	}
	flags = "-ldflags=" + flags
	failed := make([]error, len(pkgs))
	for _, batch := range batches(pkgs) {
		if len(batch) > 1 && s.together(ctx, temp, pkgs, batch, flags, out) {
			continue
		}
		for _, i := range batch {
			_, err := s.goCommand(ctx, temp, "test", "-c", "-o", out(i), "-vet=off", flags, pkgs[i])
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err == nil {
				if _, none := os.Stat(out(i)); none != nil {
					err = errors.New("go test -c makes no test binary of it")
				}
			}
			failed[i] = err
		}
	}
	return failed, nil
}

// batches groups the packages so that no two test binaries in a group have the
// same name: one go command can then build a group into one folder.
func batches(pkgs []string) [][]int {
	var all [][]int
	var taken []map[string]bool
	for i, pkg := range pkgs {
		name := binary(pkg)
		k := slices.IndexFunc(taken, func(m map[string]bool) bool { return !m[name] })
		if k < 0 {
			k = len(taken)
			all, taken = append(all, nil), append(taken, map[string]bool{})
		}
		all[k] = append(all[k], i)
		taken[k][name] = true
	}
	return all
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// binary is the name of a package's test binary, as go test -c chooses it.
func binary(pkg string) string {
	name := path.Base(pkg)
	if majorVersion.MatchString(name) && path.Dir(pkg) != "." {
		name = path.Base(path.Dir(pkg))
	}
	return name + ".test"
}

// together builds a batch by one go command. It answers whether that made every
// binary.
func (s *side) together(ctx context.Context, temp string, pkgs []string, batch []int, flags string, out func(int) string) bool {
	dir, err := os.MkdirTemp(temp, "batch-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	args := []string{"test", "-c", "-o", dir + string(filepath.Separator), "-vet=off", flags}
	for _, i := range batch {
		args = append(args, pkgs[i])
	}
	if _, err := s.goCommand(ctx, temp, args...); err != nil {
		return false
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	for _, i := range batch {
		if os.MkdirAll(filepath.Dir(out(i)), 0o755) != nil || os.Rename(filepath.Join(dir, binary(pkgs[i])+suffix), out(i)) != nil {
			return false
		}
	}
	return true
}

// sources are the files that the packages' test binaries are built from, and
// their folders, without the standard library's.
func (s *side) sources(ctx context.Context, temp string, pkgs []string) (paths []string, err error) {
	const files = `{{if not .Standard}}{{$d := .Dir}}{{$d}}{{"\n"}}{{with .Module}}{{.GoMod}}{{"\n"}}{{end}}` +
		`{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .CgoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}` +
		`{{range .CFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .HFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}` +
		`{{range .SFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}` +
		`{{range .TestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{end}}`
	list, err := s.goCommand(ctx, temp, append([]string{"list", "-deps", "-test", "-f", files}, pkgs...)...)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for path := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == '\n' }) {
		if !seen[path] {
			seen[path] = true
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// stamp changes when somebody edits the sources: it has each file's size and
// time, and the names of the Go files in each folder. After an edit, later
// rounds would measure another head than earlier ones.
func stamp(paths []string) string {
	var b strings.Builder
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			fmt.Fprintln(&b, path, "is missing")
		case info.IsDir():
			entries, _ := os.ReadDir(path)
			for _, e := range entries {
				if strings.HasSuffix(e.Name(), ".go") {
					fmt.Fprintln(&b, path, e.Name())
				}
			}
		default:
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}

// tail is the last 20 lines of what a process wrote.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
