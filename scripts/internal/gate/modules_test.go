package gate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestModules runs the gate on modules as people have them, with one difficulty
// each. Each file of testdata is an archive in the format of
// golang.org/x/tools/txtar: lines for this test, then files.
//
// Files in the folder base/ are one side's, files in head/ the other side's,
// and files in both/ are on both sides. The gate runs in head's folder, beside
// base. The lines before the files are comments (#), or:
//
//	steps FOLDER...    writes FOLDER/steps_test.go on both sides (stepsFile)
//	repository         the sides are the commits tagged base and head of one repository
//	cd FOLDER          where the gate runs, below the side's folder
//	env K=V            in the gate's environment; $DIR is the archive's folder
//	exit CODE [CODE]   the exit codes that are right
//	says REGEXP        on standard output or error, in one line
//	hides REGEXP       on neither
//
// Without a go.mod in the archive, each side is the module example.com/m. Files
// in job/ are written after the commits, as a CI job writes generated files.
// Files in near/ are beside the repository.
func TestModules(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and measures for seconds")
	}
	s := newSession(t).old()
	t.Setenv(cacheVariable, "") // its keys don't cover what a module embeds or replaces
	paths, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives in testdata: ", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			newTrial(t, s).run(string(text))
		})
	}
}

// A trial is one archive, unpacked below a folder.
type trial struct {
	*testing.T
	program    string // the gate
	dir        string
	repository bool
	cd         string
	env        []string
}

// A gateRun is a run of the gate and its expected outcome.
type gateRun struct {
	args        []string
	codes       []int
	says, hides []*regexp.Regexp
}

func newTrial(t *testing.T, s *session) *trial {
	t.Helper()
	tr := &trial{T: t, program: filepath.Join(tools(t), "gate"), dir: t.TempDir()}
	// In a git hook the test has GIT_DIR, and its commits would go there.
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "GIT_") {
			tr.env = append(tr.env, kv)
		}
	}
	tr.env = append(tr.env, runVariable+"=1", "GOWORK=", "GOFLAGS=-buildvcs=false",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		tr.env = append(tr.env, variable+"="+tr.temp())
	}
	if err := os.Mkdir(tr.temp(), 0o755); err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr *trial) temp() string { return filepath.Join(tr.dir, "temp") }

// side is the folder of a side's files.
func (tr *trial) side(name string) string {
	if tr.repository {
		return filepath.Join(tr.dir, "repository")
	}
	return filepath.Join(tr.dir, name)
}

// run unpacks the archive and follows its lines.
func (tr *trial) run(archive string) {
	comment, files := unpack(archive)
	if !slices.ContainsFunc(files, func(f file) bool { return filepath.Base(f.name) == "go.mod" }) {
		files = append(files, file{"both/go.mod", "module example.com/m\n\ngo 1.24\n"})
	}
	var runs []*gateRun
	var gits [][]string
	for line := range strings.Lines(comment) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if len(runs) == 0 && slices.Contains([]string{"exit", "says", "hides"}, verb) {
			tr.Fatalf("%q stands before the first line with gate", line)
		}
		switch verb {
		case "", "#":
		case "repository":
			if _, err := exec.LookPath("git"); err != nil {
				tr.Skip(err)
			}
			tr.repository = true
		case "steps":
			for dir := range strings.FieldsSeq(rest) {
				for _, side := range []string{"base", "head"} {
					files = append(files, file{side + "/" + dir + "/steps_test.go", stepsFile(dir, side)})
				}
			}
		case "git":
			gits = append(gits, fields(rest))
		case "cd":
			tr.cd = rest
		case "env":
			tr.env = append(tr.env, strings.ReplaceAll(rest, "$DIR", tr.dir))
		case "gate":
			runs = append(runs, &gateRun{args: fields(rest)})
		case "exit":
			for code := range strings.FieldsSeq(rest) {
				n, err := strconv.Atoi(code)
				if err != nil {
					tr.Fatalf("%q: %v", line, err)
				}
				r := runs[len(runs)-1]
				r.codes = append(r.codes, n)
			}
		case "says":
			r := runs[len(runs)-1]
			r.says = append(r.says, regexp.MustCompile("(?m)"+rest))
		case "hides":
			r := runs[len(runs)-1]
			r.hides = append(r.hides, regexp.MustCompile("(?m)"+rest))
		default:
			tr.Fatalf("%q is no line of an archive", line)
		}
	}
	tr.write(files)
	for _, args := range gits {
		tr.git(args...)
	}
	for i, r := range runs {
		tr.gate(r, filepath.Join(tr.dir, fmt.Sprint("raw", i)))
	}
}

// write writes the sides. For a repository it commits them.
func (tr *trial) write(files []file) {
	if tr.repository {
		tr.writeUnder(tr.dir, files, "near")
		tr.git("init", "--quiet", tr.side(""))
	}
	for _, side := range []string{"base", "head"} {
		if tr.repository && side == "head" {
			tr.git("rm", "-r", "--quiet", ".")
		}
		tr.writeUnder(tr.side(side), files, "both")
		tr.writeUnder(tr.side(side), files, side)
		if tr.repository {
			tr.git("add", "-A")
			tr.git("commit", "--quiet", "--allow-empty", "-m", side)
			tr.git("tag", side)
		}
	}
	tr.writeUnder(tr.side("head"), files, "job")
}

// writeUnder writes the archive's files of one top folder below dir.
func (tr *trial) writeUnder(dir string, files []file, top string) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tr.Fatal(err)
	}
	for _, f := range files {
		name, ok := strings.CutPrefix(f.name, top+"/")
		if !ok {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tr.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f.text), 0o755); err != nil {
			tr.Fatal(err)
		}
	}
}

func (tr *trial) git(args ...string) string {
	cmd := exec.Command("git", args...)
	if cmd.Dir = tr.side(""); args[0] == "init" {
		cmd.Dir = tr.dir
	}
	cmd.Env = withoutGitDir(tr.env)
	text, err := cmd.CombinedOutput()
	if err != nil {
		tr.Fatalf("git %q: %v: %s", args, err, text)
	}
	return strings.TrimSpace(string(text))
}

// withoutGitDir is the environment without the variables by which an archive
// misleads the gate's git: the test's git must not see them.
func withoutGitDir(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		return strings.HasPrefix(kv, "GIT_DIR=") || strings.HasPrefix(kv, "GIT_WORK_TREE=") || strings.HasPrefix(kv, "GIT_INDEX_FILE=")
	})
}

// command is the gate with arguments, in the folder of the head.
func (tr *trial) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, tr.program, args...)
	cmd.Dir = filepath.Join(tr.side("head"), tr.cd)
	cmd.Env = append(slices.Clip(tr.env), "PWD="+cmd.Dir)
	return cmd
}

func (tr *trial) gate(r *gateRun, raw string) {
	ctx, cancel := context.WithTimeout(tr.Context(), 5*time.Minute)
	defer cancel()
	cmd := tr.command(ctx, append([]string{"-o", raw}, r.args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		tr.Fatalf("gate %q does not end: %v\n%s", r.args, err, out.String())
	}
	bad := false
	if code := cmd.ProcessState.ExitCode(); !slices.Contains(r.codes, code) {
		bad = true
		tr.Errorf("gate %q answers %d, want %v", r.args, code, r.codes)
	}
	for _, re := range r.says {
		if !re.MatchString(out.String()) {
			bad = true
			tr.Errorf("gate %q does not say %q", r.args, re)
		}
	}
	for _, re := range r.hides {
		if said := re.FindString(out.String()); said != "" {
			bad = true
			tr.Errorf("gate %q says %q", r.args, said)
		}
	}
	if bad || testing.Verbose() {
		tr.Logf("gate %q:\n%s", r.args, out.String())
	}
	tr.clean()
}

// clean fails if a temporary folder or a worktree is left.
func (tr *trial) clean() {
	left, err := os.ReadDir(tr.temp())
	if err != nil {
		tr.Fatal(err)
	}
	for _, e := range left {
		tr.Errorf("left behind: %s", e.Name())
	}
	if !tr.repository {
		return
	}
	if list := tr.git("worktree", "list"); strings.Contains(list, "\n") {
		tr.Errorf("worktrees are left:\n%s", list)
	}
}

// stepsFile makes a package count its steps exactly, so that noise can't change
// a verdict. The sides' files differ, so no package passes as unchanged.
func stepsFile(dir, side string) string {
	pkg := filepath.Base(dir)
	if dir == "." {
		pkg = "m"
	}
	return fmt.Sprintf(`package %s

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	fmt.Println("Unit steps/op better=lower assume=exact")
	os.Exit(m.Run())
}

var sink int // of %s

func steps(b *testing.B, n int) {
	for range b.N {
		for k := range n {
			sink += k
		}
	}
	b.ReportMetric(float64(n), "steps/op")
}
`, pkg, side)
}

// A file is a file of an archive.
type file struct{ name, text string }

var fileLine = regexp.MustCompile(`(?m)^-- (\S+) --\n`)

// unpack splits an archive into the lines before its files, and the files.
func unpack(archive string) (comment string, files []file) {
	at := fileLine.FindAllStringSubmatchIndex(archive, -1)
	if at == nil {
		return archive, nil
	}
	for i, m := range at {
		end := len(archive)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		files = append(files, file{archive[m[2]:m[3]], archive[m[1]:end]})
	}
	return archive[:at[0][0]], files
}

// fields splits a line at spaces, but not between single quotes.
func fields(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}
