package gate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Unchanged packages need no measuring: base's test binary is built from the
// same files as head's, and reads the same files. Nobody can know for sure what
// a benchmark reads, so whatever it might read counts:
//
//   - all files that the test binary is compiled from or embeds. The standard
//     library and the module cache are compared by version instead;
//   - all files in the package's folder, and below its testdata;
//   - all other files of its modules that git does not ignore. Go files and
//     documents (Markdown, names that begin with a dot) count among these only
//     where a source of the package mentions them.
//
// A benchmark that may read above its module is never unchanged. The toolchain,
// what go env says, and the environments of the two sides must be the same,
// too.

// unchangedPackages says for each target why it must be measured, or "" if it
// is the same on both sides.
func unchangedPackages(ctx context.Context, temp string, base, head *side, targets []target) ([]string, error) {
	why := make([]string, len(targets))
	for i := range why {
		why[i] = "the two sides are one folder"
	}
	all := func(reason string) ([]string, error) {
		for i := range why {
			why[i] = reason
		}
		return why, nil
	}
	if !sameStrings(base.env, head.env) {
		return all("the sides' environments differ")
	}
	if base.dir == head.dir {
		return why, nil
	}
	var inputs [controlArm]map[string]*input
	var settings [controlArm]map[string]string
	for arm, s := range []*side{base, head} {
		var err error
		if settings[arm], err = s.settings(ctx, temp); err != nil {
			return nil, err
		}
	}
	if key := difference(settings[baseArm], settings[headArm]); key != "" {
		return all(fmt.Sprintf("go env %s differs", key))
	}
	if flags := settings[baseArm]["GOFLAGS"]; readsFiles.MatchString(flags) {
		return all(fmt.Sprintf("GOFLAGS=%s reads files", flags))
	}
	for arm, s := range []*side{base, head} {
		var err error
		if inputs[arm], err = s.inputs(ctx, temp, settings[arm]["GOMODCACHE"], targets); err != nil {
			return nil, err
		}
	}
	c := &comparer{ctx: ctx, same: map[[2]string]bool{}, modules: map[[2]string][]string{}, texts: map[string]string{}}
	for i, t := range targets {
		why[i] = c.changed(t, inputs[baseArm][t.path], inputs[headArm][t.path])
	}
	if c.ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return why, c.err
}

func sameStrings(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// readsFiles are flags that name files or programs which this comparison
// doesn't look at.
var readsFiles = regexp.MustCompile(`-(overlay|pgo|modfile|toolexec)\b`)

// settings are what go env says, without the folders that differ anyway.
func (s *side) settings(ctx context.Context, temp string) (map[string]string, error) {
	text, err := s.goCommand(ctx, temp, "env", "-json")
	if err != nil {
		return nil, err
	}
	var all map[string]string
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, fmt.Errorf("%s: reading go env: %w", s.name, err)
	}
	for _, key := range []string{"GOMOD", "GOWORK", "GOGCCFLAGS", "GOTMPDIR", "PWD"} {
		delete(all, key)
	}
	return all, nil
}

// difference is a key whose values differ, or "".
func difference(a, b map[string]string) string {
	for _, m := range []map[string]string{a, b} {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if x, ok := a[key]; !ok || x != b[key] {
				return key
			}
			if _, ok := b[key]; !ok {
				return key
			}
		}
	}
	return ""
}

// An input is what a target's test binary is built from on a side.
type input struct {
	err      string
	settings map[string]string // by package: language version, module and so on
	files    map[string]string // by package and name: where the file lies
	modules  map[string]string // by path: folders of modules that are not versions in the module cache
	sources  []string          // the Go files among files
	depth    int               // of the package's folder in its module
}

// A dependency is a package as go list -deps -test prints it.
type dependency struct {
	ImportPath, Dir, Root, DefaultGODEBUG       string
	Standard                                    bool
	Module                                      *moduleOf
	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles []string
	HFiles, FFiles, SFiles, SwigFiles           []string
	SwigCXXFiles, SysoFiles, EmbedFiles         []string
	TestGoFiles, XTestGoFiles                   []string
	TestEmbedFiles, XTestEmbedFiles             []string
	CgoCFLAGS, CgoCPPFLAGS, CgoCXXFLAGS         []string
	CgoFFLAGS, CgoLDFLAGS, CgoPkgConfig         []string
	Deps                                        []string
	Error                                       *struct{ Err string }
	DepsErrors                                  []*struct{ Err string }
}

type moduleOf struct {
	Path, Version, Dir, GoVersion, Sum string
	Replace                            *moduleOf
}

// inputs are the targets' inputs.
func (s *side) inputs(ctx context.Context, temp, cache string, targets []target) (map[string]*input, error) {
	args := []string{"list", "-e", "-deps", "-test", "-json=ImportPath,Dir,DefaultGODEBUG,Standard,Module,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles," +
		"HFiles,FFiles,SFiles,SwigFiles,SwigCXXFiles,SysoFiles,EmbedFiles,TestGoFiles,XTestGoFiles,TestEmbedFiles,XTestEmbedFiles," +
		"CgoCFLAGS,CgoCPPFLAGS,CgoCXXFLAGS,CgoFFLAGS,CgoLDFLAGS,CgoPkgConfig,Deps,Error,DepsErrors"}
	for _, t := range targets {
		args = append(args, t.path)
	}
	text, err := s.goCommand(ctx, temp, args...)
	if err != nil {
		return nil, err
	}
	packages := map[string]*dependency{}
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		p := new(dependency)
		if err := d.Decode(p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: reading go list: %w", s.name, err)
		}
		packages[p.ImportPath] = p
	}
	all := map[string]*input{}
	for _, t := range targets {
		all[t.path] = newInput(t.path, packages, cache)
	}
	return all, nil
}

func newInput(path string, packages map[string]*dependency, cache string) *input {
	in := &input{settings: map[string]string{}, files: map[string]string{}, modules: map[string]string{}}
	test, self := packages[path+".test"], packages[path]
	if test == nil || self == nil || self.Module == nil {
		in.err = "go list has not said what its test binary is built from"
		return in
	}
	in.settings["godebug"] = test.DefaultGODEBUG
	for _, name := range append(test.Deps, path) {
		p := packages[name]
		switch {
		case p == nil || p.Error != nil || len(p.DepsErrors) > 0:
			in.err = "go list can't say what its test binary is built from"
			return in
		case p.Standard:
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		m := p.Module
		if m == nil {
			in.err = "package " + name + " is of no module"
			return in
		}
		version := m.Version
		if m.Replace != nil {
			version += " => " + m.Replace.Path + " " + m.Replace.Version
		}
		in.settings["module of "+name] = strings.Join([]string{m.Path, version, m.GoVersion}, " ")
		if _, ok := strings.CutPrefix(p.Dir, cache+string(filepath.Separator)); ok && cache != "" {
			in.settings["folder of "+name] = p.Dir
			continue
		}
		if m.Dir != "" { // a vendored module has none
			in.modules[m.Path] = m.Dir
		}
		in.settings["flags of "+name] = strings.ReplaceAll(fmt.Sprint(p.CgoCFLAGS, p.CgoCPPFLAGS, p.CgoCXXFLAGS, p.CgoFFLAGS, p.CgoLDFLAGS, p.CgoPkgConfig), p.Dir, "${SRCDIR}")
		lists := [][]string{p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles, p.SFiles, p.SwigFiles, p.SwigCXXFiles, p.SysoFiles, p.EmbedFiles}
		if name == path {
			lists = append(lists, p.TestGoFiles, p.XTestGoFiles, p.TestEmbedFiles, p.XTestEmbedFiles)
		}
		for _, file := range slices.Concat(lists...) {
			at := file
			if !filepath.IsAbs(at) {
				at = filepath.Join(p.Dir, file)
			}
			in.files[filepath.ToSlash(file)+" of "+name] = at
			if strings.HasSuffix(file, ".go") {
				in.sources = append(in.sources, at)
			}
		}
	}
	if rel, err := filepath.Rel(self.Module.Dir, self.Dir); err == nil && rel != "." {
		in.depth = 1 + strings.Count(rel, string(filepath.Separator))
	}
	return in
}

// A comparer compares files, each pair once.
type comparer struct {
	ctx     context.Context
	same    map[[2]string]bool
	modules map[[2]string][]string // by the two folders of a module: files that differ or that only one has
	texts   map[string]string      // of sources
	err     error
}

// changed is what differs between the two sides of a target, or "".
func (c *comparer) changed(t target, base, head *input) string {
	switch {
	case base.err != "" || head.err != "":
		return base.err + head.err
	case difference(base.settings, head.settings) != "":
		return "the " + difference(base.settings, head.settings) + " differs"
	}
	for _, side := range []struct{ one, other *input }{{base, head}, {head, base}} {
		for name := range side.one.files {
			if side.other.files[name] == "" {
				return "only one side has " + name
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(base.files)) {
		if !c.alike(base.files[name], head.files[name]) {
			return name + " differs"
		}
	}
	for _, source := range head.sources {
		for line := range strings.Lines(c.text(source)) {
			if ups(line) > head.depth {
				return filepath.Base(source) + " may read above the module"
			}
		}
	}
	if name := c.folders(t.dirs, head.sources); name != "" {
		return name + " differs"
	}
	for _, path := range slices.Sorted(maps.Keys(base.modules)) {
		if head.modules[path] == "" {
			return "only one side has the module " + path + " in a folder"
		}
		for _, name := range c.module(base.modules[path], head.modules[path]) {
			if c.relevant(name, head.sources) {
				return name + " differs"
			}
		}
	}
	return ""
}

// ups is how many folders up the paths in a line of source may lead.
func ups(line string) (n int) {
	for element := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune("/\\\"'`\n", r) }) {
		if element == ".." {
			n++
		}
	}
	return n
}

// folders is a file that differs in a package's folder or below its testdata.
func (c *comparer) folders(dirs [controlArm]string, sources []string) string {
	var there [controlArm]map[string]bool
	for arm, dir := range dirs {
		there[arm] = map[string]bool{}
		entries, err := os.ReadDir(dir)
		if err != nil {
			c.err = errors.Join(c.err, err)
			return ""
		}
		for _, e := range entries {
			switch name := e.Name(); {
			case name == "testdata":
				for _, below := range tree(filepath.Join(dir, name)) {
					there[arm][filepath.Join(name, below)] = true
				}
			case name != ".git" && !e.IsDir() && c.relevant(name, sources):
				there[arm][name] = true
			}
		}
	}
	for _, name := range c.differing(dirs, there) {
		return name
	}
	return ""
}

// differing are the names of files that differ or that only one side has.
func (c *comparer) differing(dirs [controlArm]string, there [controlArm]map[string]bool) (differ []string) {
	all := maps.Clone(there[baseArm])
	maps.Copy(all, there[headArm])
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !there[baseArm][name] || !there[headArm][name] || !c.alike(filepath.Join(dirs[baseArm], name), filepath.Join(dirs[headArm], name)) {
			differ = append(differ, filepath.ToSlash(name))
		}
	}
	return differ
}

// module are the files of a module that differ, except those that git ignores.
func (c *comparer) module(base, head string) []string {
	key := [2]string{base, head}
	if found, ok := c.modules[key]; ok {
		return found
	}
	var differ []string
	if !sameFolder(base, head) {
		var there [controlArm]map[string]bool
		for arm, dir := range key {
			there[arm] = map[string]bool{}
			for _, name := range members(dir) {
				there[arm][name] = true
			}
		}
		differ = c.differing(key, there)
	}
	c.modules[key] = differ
	return differ
}

func sameFolder(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// rawRounds matches the folders that gate keeps raw rounds in.
var rawRounds = regexp.MustCompile(`^gate-\d{4}-\d\d-\d\d-\d{6}-`)

// members are a folder's files that git has or doesn't ignore; if git doesn't
// know the folder, all its files.
func members(dir string) []string {
	list, err := repository{dir: dir}.git("", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return tree(dir)
	}
	var all []string
	for name := range strings.SplitSeq(list, "\x00") {
		name = filepath.FromSlash(name)
		info, err := os.Lstat(filepath.Join(dir, name))
		switch {
		case name == "" || err != nil || rawRounds.MatchString(name):
		case info.IsDir(): // a submodule
			for _, below := range tree(filepath.Join(dir, name)) {
				all = append(all, filepath.Join(name, below))
			}
		default:
			all = append(all, name)
		}
	}
	return all
}

// tree are all files in a folder and below.
func tree(dir string) (all []string) {
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
		case e.IsDir() && (e.Name() == ".git" || rawRounds.MatchString(e.Name())):
			return filepath.SkipDir
		case e.IsDir() || e.Name() == ".git":
		default:
			if rel, err := filepath.Rel(dir, path); err == nil {
				all = append(all, rel)
			}
		}
		return nil
	})
	return all
}

func compiled(name string) bool { return strings.HasSuffix(name, ".go") }

// document tells whether a file is for people, or for tools other than
// benchmarks.
func document(name string) bool {
	return slices.Contains([]string{".md", ".rst", ".adoc"}, strings.ToLower(path.Ext(name))) || strings.HasPrefix(name, ".") || strings.HasPrefix(path.Base(name), ".")
}

// relevant tells whether a package might read a file of its module.
func (c *comparer) relevant(name string, sources []string) bool {
	base := path.Base(name)
	inData := slices.Contains(strings.Split(name, "/"), "testdata")
	switch {
	case slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum"}, base) || name == "vendor/modules.txt":
		return false // compared by version
	case inData:
		return true
	case compiled(name), document(name):
		mention := []string{base, path.Ext(base)}
		if compiled(name) {
			mention = []string{base, `".go"`, "*.go"}
		}
		return slices.ContainsFunc(sources, func(source string) bool {
			text := c.text(source)
			return slices.ContainsFunc(mention, func(m string) bool { return m != "" && strings.Contains(text, m) })
		})
	}
	return true
}

// text is a source's text.
func (c *comparer) text(source string) string {
	if text, ok := c.texts[source]; ok {
		return text
	}
	text, err := os.ReadFile(source)
	if err != nil {
		c.err = errors.Join(c.err, err)
	}
	c.texts[source] = string(text)
	return string(text)
}

// alike compares two files, each pair once.
func (c *comparer) alike(a, b string) bool {
	key := [2]string{a, b}
	same, ok := c.same[key]
	if !ok && c.ctx.Err() == nil {
		same = alike(a, b)
		c.same[key] = same
	}
	return same
}

// alike tells whether two files hold the same bytes. Symbolic links to folders
// are alike if both lead to one folder.
func alike(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	switch {
	case err1 != nil && err2 != nil:
		link1, err1 := os.Readlink(a)
		link2, err2 := os.Readlink(b)
		return err1 == nil && err2 == nil && link1 == link2 // both are broken
	case err1 != nil || err2 != nil:
		return false
	case os.SameFile(x, y):
		return true
	case x.IsDir() && y.IsDir(): // links within the module: their targets are compared by themselves
		link1, err1 := os.Readlink(a)
		link2, err2 := os.Readlink(b)
		return err1 == nil && err2 == nil && link1 == link2 && !filepath.IsAbs(link1)
	case !x.Mode().IsRegular() || !y.Mode().IsRegular() || x.Size() != y.Size():
		return false
	}
	f, err1 := os.Open(a)
	if err1 != nil {
		return false
	}
	defer f.Close()
	g, err2 := os.Open(b)
	if err2 != nil {
		return false
	}
	defer g.Close()
	var p, q [64 << 10]byte
	for r, s := bufio.NewReader(f), bufio.NewReader(g); ; {
		n, err1 := io.ReadFull(r, p[:])
		m, err2 := io.ReadFull(s, q[:])
		if !bytes.Equal(p[:n], q[:m]) {
			return false
		}
		if err1 != nil || err2 != nil {
			ended := func(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
			return ended(err1) && ended(err2)
		}
	}
}
