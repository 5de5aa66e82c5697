package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/scripts/internal/job"
)

// A checkout holds what git has at a commit. The two sides must differ only
// where the two commits differ. So:
//
//   - no hook runs in a checkout;
//   - a file that commit and working tree have in common has the working tree's
//     bytes, whatever a filter (Git LFS) would make of it;
//   - modules outside the repository that a go.mod or go.work names lie beside
//     the checkout, too.
//
// Files that git ignores are missing from a checkout, except the go.work of the
// working tree's build. -setup makes the others.
type checkout struct {
	side   *side
	ref    string
	commit string
	top    string // of the working tree
	prefix string // of the module below top
	tree   string // of the checkout
	links  []string
	copies []string // the working tree's files that git does not keep, relative to top
}

// newCheckout finds out what a checkout of the ref needs. It makes nothing yet.
func newCheckout(ctx context.Context, s *side, cwd, ref, temp string) (*checkout, error) {
	c := &checkout{side: s, ref: ref}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("checking out %s: %w; install git, or give folders by -base-dir and -head-dir", ref, err)
	}
	here := repository{dir: cwd}
	top, err := here.git("", "rev-parse", "--show-toplevel")
	if err == nil {
		c.prefix, err = here.git("", "rev-parse", "--show-prefix")
	}
	if err != nil {
		return nil, fmt.Errorf("checking out %s: %w; run gate in a git checkout, or give folders by -base-dir and -head-dir", ref, err)
	}
	c.top, c.prefix = filepath.FromSlash(top), filepath.FromSlash(c.prefix)
	if c.commit, err = here.git("", "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}"); err != nil {
		return nil, fmt.Errorf("checking out %q: this repository has no such commit; fetch it, or see git log", ref)
	}
	s.dir, s.what = cwd, fmt.Sprintf("%s (%.10s)", ref, c.commit)
	work, err := c.neighbours(ctx, temp)
	if err != nil {
		return nil, fmt.Errorf("checking out %s: %w", ref, err)
	}
	// The folders above the checkout have the same names as those above the
	// working tree, up to the farthest neighbour.
	levels := 1
	for _, rel := range append(c.links, c.copies...) {
		levels = max(levels, above(rel))
	}
	c.tree = ""
	for dir := c.top; levels > 0; levels-- {
		c.tree = filepath.Join(filepath.Base(dir), c.tree)
		dir = filepath.Dir(dir)
	}
	c.tree = filepath.Join(temp, s.name, c.tree)
	s.made, s.dir = true, filepath.Join(c.tree, c.prefix)
	if work != "" {
		s.places = []string{"GOWORK=" + filepath.Join(c.tree, work)}
	}
	return c, nil
}

// above is how many folders up a relative path leads.
func above(rel string) (n int) {
	for _, element := range strings.Split(filepath.ToSlash(rel), "/") {
		if element == ".." {
			n++
		}
	}
	return n
}

// neighbours finds what the go command needs besides the commit: folders
// outside the repository, and files that git does not keep. work is the go.work
// that the environment names, relative to the top.
func (c *checkout) neighbours(ctx context.Context, temp string) (work string, err error) {
	settings, err := c.side.goCommand(ctx, temp, "env", "GOWORK", "GOMOD")
	if err != nil {
		return "", nil // the build gives the better error
	}
	file, module, _ := strings.Cut(settings, "\n")
	modules := []string{filepath.Clean(c.prefix)}
	if rel, ok := c.relative(filepath.Dir(module)); ok && module != "" && module != os.DevNull {
		modules = []string{rel}
	}
	if rel, ok := c.relative(file); ok && file != "" && file != "off" {
		text, is, err := c.workspace(rel)
		if err != nil {
			return "", err
		}
		if is {
			modules = nil
			if slices.ContainsFunc(c.side.environ(), func(kv string) bool { return kv == "GOWORK="+file }) {
				work = rel
			}
			for _, line := range directives(text) {
				if to, ok := local(line); ok {
					modules, err = c.module(modules, filepath.Dir(rel), to, rel)
				}
				if err != nil {
					return "", err
				}
			}
		}
	}
	for i := 0; i < len(modules); i++ {
		var text string
		var err error
		if outside(modules[i]) {
			c.links = append(c.links, modules[i])
			var read []byte
			read, err = os.ReadFile(filepath.Join(c.top, modules[i], "go.mod"))
			text = string(read)
		} else {
			text, err = c.show(filepath.Join(modules[i], "go.mod"))
		}
		if err != nil {
			continue // if the build needs the module, it gives the better error
		}
		for _, line := range directives(text) {
			if to, ok := local(line); ok && line[0] == "replace" {
				if modules, err = c.module(modules, modules[i], to, filepath.Join(modules[i], "go.mod")); err != nil {
					return "", err
				}
			}
		}
	}
	return work, nil
}

// relative is a path relative to the top.
func (c *checkout) relative(path string) (string, bool) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	rel, err := filepath.Rel(c.top, path)
	return rel, err == nil
}

func outside(rel string) bool {
	return rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// show is the text of a file in the commit.
func (c *checkout) show(rel string) (string, error) {
	return repository{dir: c.top}.git("", "show", c.commit+":"+filepath.ToSlash(rel))
}

// workspace is the text of the checkout's go.work: the commit's, or the working
// tree's if git does not keep that file.
func (c *checkout) workspace(rel string) (text string, is bool, err error) {
	if !outside(rel) {
		if text, err := c.show(rel); err == nil {
			return text, true, nil
		}
		if _, err := (repository{dir: c.top}).git("", "ls-files", "--error-unmatch", "--", rel); err == nil {
			return "", false, nil // only head has it
		}
	}
	read, err := os.ReadFile(filepath.Join(c.top, rel))
	if err != nil {
		return "", false, err
	}
	c.copies = append(c.copies, rel)
	if _, err := os.Stat(filepath.Join(c.top, rel+".sum")); err == nil {
		c.copies = append(c.copies, rel+".sum")
	}
	return string(read), true, nil
}

// module adds a module that a file names by a local path. The path is relative
// to dir.
func (c *checkout) module(modules []string, dir, to, file string) ([]string, error) {
	if filepath.IsAbs(to) {
		if rel, ok := c.relative(to); ok && !outside(rel) {
			return nil, fmt.Errorf("%s names %s, which is in the working tree, so both sides would be built from it; name it by a relative path", file, to)
		}
		return modules, nil
	}
	rel := filepath.Join(dir, filepath.FromSlash(to))
	if !slices.Contains(modules, rel) {
		modules = append(modules, rel)
	}
	return modules, nil
}

var modToken = regexp.MustCompile("//.*|\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|[()]|[^\\s()\"`]+")

// directives are the lines of a go.mod or go.work as tokens, each with its
// verb.
func directives(text string) (all [][]string) {
	block := ""
	for line := range strings.Lines(text) {
		tokens := modToken.FindAllString(line, -1)
		if n := len(tokens); n > 0 && strings.HasPrefix(tokens[n-1], "//") {
			tokens = tokens[:n-1]
		}
		switch {
		case len(tokens) == 0:
		case tokens[0] == ")":
			block = ""
		case len(tokens) > 1 && tokens[1] == "(":
			block = tokens[0]
		case block != "":
			all = append(all, append([]string{block}, tokens...))
		default:
			all = append(all, tokens)
		}
	}
	return all
}

// local is the folder that a use or replace directive names.
func local(line []string) (string, bool) {
	at := 1
	switch line[0] {
	case "use":
	case "replace":
		if at = slices.Index(line, "=>") + 1; at == 0 {
			return "", false
		}
	default:
		return "", false
	}
	if at >= len(line) || at+1 < len(line) { // a version follows, so it is no folder
		return "", false
	}
	to := line[at]
	if unquoted, err := strconv.Unquote(to); err == nil {
		to = unquoted
	}
	return to, true
}

func (c *checkout) make(ctx context.Context, temp string) error {
	fail := func(err error) error { return fmt.Errorf("checking out %s: %w", c.ref, err) }
	if err := os.MkdirAll(filepath.Dir(c.tree), 0o755); err != nil {
		return fail(err)
	}
	head, base := repository{dir: c.top}, repository{dir: c.tree}
	drivers, raw := head.filters()
	if _, err := head.git("", slices.Concat(raw, []string{"worktree", "add", "--quiet", "--detach", c.tree, c.commit})...); err != nil {
		return fail(err)
	}
	if _, err := os.Stat(c.side.dir); err != nil {
		return fail(fmt.Errorf("it has no folder %s, where gate was run; run gate where both sides have a module", filepath.ToSlash(c.prefix)))
	}
	if err := c.alike(ctx, head, base, drivers, temp); err != nil {
		return fail(err)
	}
	for _, rel := range c.copies {
		if err := copyTo(filepath.Join(c.tree, rel), filepath.Join(c.top, rel)); err != nil {
			return fail(err)
		}
	}
	for _, rel := range c.links {
		if err := link(filepath.Join(c.top, rel), filepath.Join(c.tree, rel), c.tree); err != nil {
			return fail(fmt.Errorf("%w; give folders by -base-dir and -head-dir", err))
		}
	}
	return nil
}

// link makes a folder appear at a place outside the tree. If the tree lies in
// that folder, the folder's other entries appear there.
func link(folder, at, tree string) error {
	if at == tree {
		return nil
	}
	if rel, err := filepath.Rel(at, tree); err != nil || outside(rel) {
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if _, err := os.Lstat(at); err == nil {
			return nil // a folder that was linked before contains it
		}
		return os.Symlink(folder, at)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := link(filepath.Join(folder, e.Name()), filepath.Join(at, e.Name()), tree); err != nil {
			return err
		}
	}
	return nil
}

// alike makes the checkout's files equal to the working tree's. Files of the
// same blob get the working tree's bytes. For the other filtered files git
// applies the filter where the working tree has it applied.
func (c *checkout) alike(ctx context.Context, head, base repository, drivers []string, temp string) error {
	of, err := base.files()
	if err != nil {
		return err
	}
	there, err := head.files()
	if err != nil {
		return err
	}
	filter := map[string]string{}
	if len(drivers) > 0 {
		for _, side := range []struct {
			repository
			files map[string]entry
		}{{head, there}, {base, of}} {
			if err := side.attributes(side.files, drivers, filter); err != nil {
				return err
			}
		}
	}
	var suspects []string // the same blob, but maybe other bytes
	var others []string   // another blob, and a filter
	for name, e := range of {
		if e.mode == "160000" {
			if err := c.submodule(ctx, head, base, name, e.blob, temp); err != nil {
				return err
			}
			continue
		}
		if e.mode == "120000" {
			continue
		}
		switch same := there[name].blob == e.blob; {
		case same && (filter[name] != "" || size(head.dir, name) != size(base.dir, name)):
			suspects = append(suspects, name)
		case !same && filter[name] != "":
			others = append(others, name)
		}
	}
	if len(suspects)+len(others) == 0 {
		return nil
	}
	edited, err := head.edited()
	if err != nil {
		return err
	}
	for _, name := range suspects {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch {
		case !edited[name] && size(head.dir, name) >= 0:
			if err := copyTo(filepath.Join(base.dir, name), filepath.Join(head.dir, name)); err != nil {
				return err
			}
		case filter[name] != "":
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return c.smudge(head, base, others, there, of, filter, edited)
}

// smudge has git apply the filters to the named files of a checkout. The
// working tree has other versions of these files; a filter is applied only if
// the working tree's version has it applied.
func (c *checkout) smudge(head, base repository, names []string, there, of map[string]entry, filter map[string]string, edited map[string]bool) error {
	if len(names) == 0 {
		return nil
	}
	// An edited file doesn't show whether its filter was applied. For those,
	// the driver's other files show it.
	var unedited []string
	for name := range there {
		if filter[name] != "" && !edited[name] && size(head.dir, name) >= 0 {
			unedited = append(unedited, name)
		}
	}
	slices.Sort(unedited)
	sums, err := head.sums(unedited)
	if err != nil {
		return err
	}
	applied := map[string]bool{}
	driver := map[string]bool{}
	for i, name := range unedited {
		applied[name] = sums[i] != there[name].blob
		driver[filter[name]] = driver[filter[name]] || applied[name]
	}
	var wanted []string
	for _, name := range names {
		is, known := applied[name]
		if !known {
			if is, known = driver[filter[name]]; !known {
				is = true
			}
		}
		if is {
			wanted = append(wanted, name)
			if err := os.Remove(filepath.Join(base.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	wayOut := fmt.Sprintf("get that version (git lfs fetch origin %s), or give a folder by -%s-dir", c.ref, c.side.name)
	if _, err := base.git(strings.Join(wanted, "\x00")+"\x00", "-c", noHooks, "checkout-index", "--force", "-z", "--stdin"); err != nil {
		return fmt.Errorf("the working tree has the filter of %s applied (%s), and in the checkout that filter fails: %w; %s", wanted[0], filter[wanted[0]], err, wayOut)
	}
	if sums, err = base.sums(wanted); err != nil {
		return err
	}
	for i, name := range wanted {
		if sums[i] == of[name].blob {
			return fmt.Errorf("the working tree has the filter of %s applied (%s), and in the checkout that filter changes nothing, so the two sides would read different bytes; %s", name, filter[name], wayOut)
		}
	}
	return nil
}

// submodule fills in a submodule from the repository that the working tree has
// of it. A submodule that the working tree has not checked out stays empty on
// both sides.
func (c *checkout) submodule(ctx context.Context, head, base repository, name, commit, temp string) error {
	sub := repository{dir: filepath.Join(head.dir, name)}
	if _, err := os.Stat(filepath.Join(sub.dir, ".git")); err != nil {
		return nil
	}
	dir, err := sub.git("", "rev-parse", "--absolute-git-dir")
	if err != nil {
		return err
	}
	if _, err := sub.git("", "cat-file", "-e", commit+"^{commit}"); err != nil {
		c.side.remarks = append(c.side.remarks, fmt.Sprintf("%s's submodule %s is empty, since its commit %.10s is missing from the working tree's submodule; fetch the commit there, or give -setup %q", c.side.name, name, commit, "git submodule update --init"))
		return nil
	}
	index, err := os.CreateTemp(temp, "index-")
	if err != nil {
		return err
	}
	index.Close()
	os.Remove(index.Name()) // git takes no empty file for an index
	defer os.Remove(index.Name())
	to := repository{dir: filepath.Join(base.dir, name), index: index.Name()}
	to.args = []string{"--git-dir=" + dir, "--work-tree=" + to.dir}
	if err := os.MkdirAll(to.dir, 0o755); err != nil {
		return err
	}
	drivers, raw := sub.filters()
	if _, err := to.git("", slices.Concat(raw, []string{"read-tree", commit})...); err != nil {
		return err
	}
	if _, err := to.git("", slices.Concat(raw, []string{"checkout-index", "--all", "--quiet"})...); err != nil {
		return err
	}
	return c.alike(ctx, sub, to, drivers, temp)
}

// copyTo copies a file and keeps the mode of the file that it replaces.
func copyTo(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// size is a file's size, or -1 if the file is missing.
func size(dir, name string) int64 {
	info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return info.Size()
}

// noHooks is the setting with which git finds no hook.
const noHooks = "core.hooksPath=/dev/null"

// A repository is where git runs.
type repository struct {
	dir   string
	args  []string // before the command
	index string   // its index, if not the usual one
}

// git runs git to its end even when this process is stopped: half a worktree
// would stay otherwise. A git hook's environment would lead git to the hook's
// repository; those variables are removed.
func (r repository) git(stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := job.Command(ctx, "git", slices.Concat(r.args, args)...)
	cmd.Dir = r.dir
	cmd.Env = append(gitEnviron(os.Environ()), "GIT_OPTIONAL_LOCKS=0", "PWD="+r.dir)
	if r.index != "" {
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+r.index)
	}
	var stderr strings.Builder
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()+"\n"+string(out)))
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// gitEnviron is an environment for git. Of git's own variables it keeps those
// by which a CI passes settings, such as safe.directory.
func gitEnviron(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		key, _, _ := strings.Cut(kv, "=")
		return strings.HasPrefix(key, "GIT_") && key != "GIT_CONFIG_COUNT" && !strings.HasPrefix(key, "GIT_CONFIG_KEY_") && !strings.HasPrefix(key, "GIT_CONFIG_VALUE_")
	})
}

// outsideHook is an environment without the variables by which a git hook leads
// git to its repository.
func outsideHook(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		key, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX"}, key)
	})
}

// filters are the filter drivers that are set up. raw are the settings with
// which git applies no filter and runs no hook.
func (r repository) filters() (drivers, raw []string) {
	raw = []string{"-c", noHooks, "-c", "core.fsmonitor=false"}
	names, err := r.git("", "config", "--name-only", "-z", "--get-regexp", `^filter\.`)
	if err != nil {
		return nil, raw // no filter is set up
	}
	for name := range strings.SplitSeq(names, "\x00") {
		i := strings.LastIndexByte(name, '.')
		if i <= len("filter.") {
			continue
		}
		driver := name[len("filter."):i]
		switch name[i+1:] {
		case "smudge", "process":
			raw = append(raw, "-c", name+"=")
			if !slices.Contains(drivers, driver) {
				drivers = append(drivers, driver)
			}
		case "required":
			raw = append(raw, "-c", name+"=false")
		}
	}
	return drivers, raw
}

// An entry is a file in git's index.
type entry struct{ mode, blob string }

// files are the index's files, without those in conflict.
func (r repository) files() (map[string]entry, error) {
	list, err := r.git("", "ls-files", "--stage", "-z")
	if err != nil {
		return nil, err
	}
	files := map[string]entry{}
	for line := range strings.SplitSeq(list, "\x00") {
		about, name, _ := strings.Cut(line, "\t")
		if fields := strings.Fields(about); len(fields) == 3 && fields[2] == "0" {
			files[name] = entry{fields[0], fields[1]}
		}
	}
	return files, nil
}

// attributes finds which of the drivers filters which file.
func (r repository) attributes(files map[string]entry, drivers []string, filter map[string]string) error {
	var names strings.Builder
	for name := range files {
		names.WriteString(name + "\x00")
	}
	list, err := r.git(names.String(), "check-attr", "-z", "--stdin", "filter")
	if err != nil {
		return err
	}
	fields := strings.Split(list, "\x00")
	for i := 0; i+2 < len(fields); i += 3 {
		if slices.Contains(drivers, fields[i+2]) {
			filter[fields[i]] = fields[i+2]
		}
	}
	return nil
}

// edited are the files whose version in the working tree is not the index's.
func (r repository) edited() (map[string]bool, error) {
	list, err := r.git("", "-c", "core.fsmonitor=false", "diff", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules")
	if err != nil {
		return nil, err
	}
	edited := map[string]bool{}
	for name := range strings.SplitSeq(list, "\x00") {
		edited[name] = true
	}
	return edited, nil
}

// sums are git's names for the files' bytes, without filters.
func (r repository) sums(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	list, err := r.git(strings.Join(names, "\n")+"\n", "hash-object", "--no-filters", "--stdin-paths")
	if err != nil {
		return nil, err
	}
	sums := strings.Fields(list)
	if len(sums) != len(names) {
		return nil, fmt.Errorf("git hash-object answers %d sums for %d files", len(sums), len(names))
	}
	return sums, nil
}

// removeWorktree removes a worktree and git's record of it.
func removeWorktree(cwd, path string) {
	repository{dir: cwd}.git("", "worktree", "remove", "--force", "--force", path)
}

// sweepWorktrees removes the worktrees that killed gates have left in this
// repository.
func sweepWorktrees(cwd string) {
	list, err := repository{dir: cwd}.git("", "worktree", "list", "--porcelain")
	if err != nil {
		return
	}
	for line := range strings.Lines(list) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "worktree "); ok && job.StaleFolder(path) {
			removeWorktree(cwd, path)
		}
	}
}
