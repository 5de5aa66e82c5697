package gate

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/job"
)

// A side is a source tree and an environment: what is built, and how it runs.
type side struct {
	name string   // "base" or "head"
	what string   // for the reader: "main (1a2b3c4)"
	dir  string   // where go is run
	env  []string // K=V, for its build and its runs

	version string // of its go command
	ldflags string // of its GOFLAGS
	random  bool   // its linker can lay functions out at random
}

// environ is the side's whole environment.
func (s *side) environ() []string { return measure.Environ(os.Environ(), s.env...) }

func (s *side) String() string {
	return strings.Join(append([]string{s.what, s.version}, s.env...), ", ")
}

// sides makes the two source trees, below temp where they are worktrees;
// remove takes those away again.
func sides(o options, temp string) (base, head *side, remove func(), err error) {
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
			tree := filepath.Join(temp, at.side.name)
			trees = append(trees, tree)
			if at.side.dir, at.side.what, err = worktree(cwd, at.ref, tree); err != nil {
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

// git runs git to its end, whatever stops this process meanwhile: half a
// worktree would stay.
func git(dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	return job.Output(ctx, dir, nil, "git", args...)
}

// worktree checks the ref out at path. dir is the folder there that
// corresponds to cwd.
func worktree(cwd, ref, path string) (dir, what string, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", "", fmt.Errorf("checking out %s: %w; install git, or give folders by -base-dir and -head-dir", ref, err)
	}
	prefix, err := git(cwd, "rev-parse", "--show-prefix")
	if err != nil {
		return "", "", fmt.Errorf("checking out %s: %w; run gate in a git checkout, or give folders by -base-dir and -head-dir", ref, err)
	}
	commit, err := git(cwd, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		return "", "", fmt.Errorf("checking out %q: this repository has no such commit; fetch it, or see git log", ref)
	}
	if _, err := git(cwd, "worktree", "add", "--quiet", "--detach", path, commit); err != nil {
		return "", "", fmt.Errorf("checking out %s: %w", ref, err)
	}
	dir = filepath.Join(path, filepath.FromSlash(prefix))
	if _, err := os.Stat(dir); err != nil {
		return "", "", fmt.Errorf("checking out %s: it has no folder %s, where gate was run; run gate where both sides have a module", ref, prefix)
	}
	return dir, fmt.Sprintf("%s (%.10s)", ref, commit), nil
}

// removeWorktree takes a worktree away, with what git knows of it.
func removeWorktree(cwd, path string) {
	git(cwd, "worktree", "remove", "--force", "--force", path)
}

// sweepWorktrees takes away what gates that were killed have left behind in
// this repository.
func sweepWorktrees(cwd string) {
	list, err := git(cwd, "worktree", "list", "--porcelain")
	if err != nil {
		return
	}
	for line := range strings.Lines(list) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "worktree "); ok && job.StaleFolder(path) {
			removeWorktree(cwd, path)
		}
	}
}

// goEnviron is the environment of the side's go command.
func (s *side) goEnviron(temp string) []string {
	return measure.Environ(s.environ(), "GOTMPDIR="+temp)
}

// goCommand runs the go command of the side to its end and answers what it
// has written to standard output.
func (s *side) goCommand(ctx context.Context, temp string, args ...string) (string, error) {
	out, err := job.Output(ctx, s.dir, s.goEnviron(temp), "go", args...)
	return out, s.failed(ctx, err)
}

// failed is an error of the side's, or why it was stopped.
func (s *side) failed(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// lookUp finds out about the side's go command.
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
	// It exits 2 when it has shown its flags.
	if _, help := s.goCommand(ctx, temp, "tool", "link", "-help"); help != nil {
		s.random = strings.Contains(help.Error(), "-randlayout")
	}
	return ctx.Err()
}

// ldflags is what GOFLAGS has for the linker: the last -ldflags among its
// flags, which stand between spaces, in quotes if they hold some ("go help
// environment").
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

// link builds the test binary of a package, its functions laid out by the
// seed; 0 leaves them in the linker's own order.
func (s *side) link(ctx context.Context, temp, pkg string, seed uint64, out string) error {
	// Debug information is left out, which is a third of the time and of the
	// file and moves no code.
	flags := strings.TrimSpace(s.ldflags + " -w")
	if seed != 0 {
		flags += fmt.Sprintf(" -randlayout=%d", seed)
	}
	err := s.failed(ctx, job.BuildTest(ctx, s.dir, s.goEnviron(temp), out, pkg, "-ldflags="+flags))
	if err != nil {
		return fmt.Errorf("building %w", err)
	}
	return nil
}

// sources are the files that the packages' test binaries are built from, the
// standard library's left out, each with its size and time. Whoever edits
// them while it measures would have one head in one round and another in the
// next.
func (s *side) sources(ctx context.Context, temp string, pkgs []string) (string, error) {
	const files = `{{if not .Standard}}{{$d := .Dir}}{{with .Module}}{{.GoMod}}{{"\n"}}{{end}}` +
		`{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .CgoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}` +
		`{{range .CFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .HFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}` +
		`{{range .SFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}` +
		`{{range .TestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{end}}`
	list, err := s.goCommand(ctx, temp, append([]string{"list", "-deps", "-test", "-f", files}, pkgs...)...)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for path := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == '\n' }) {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String(), nil
}
