package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"threadbench/scripts/internal/prose"
)

// A target is a package that has benchmarks on both sides.
type target struct {
	path       string
	dirs       [controlArm]string // folders in base and head
	benchmarks []string           // functions that both sides have, in head's order
}

// A leftOut is a package or benchmark that was selected and can't be compared.
type leftOut struct {
	name, why string
	broken    bool // head broke it: base has benchmarks there
}

func (l leftOut) String() string { return l.name + " is left out: " + l.why }

// A selection is what -pkg, -bench and -skip choose.
type selection struct {
	pkgs        []string // patterns
	bench, skip string
}

// String names the flags that select benchmarks.
func (sel selection) String() string {
	if sel.skip == "" {
		return fmt.Sprintf("-bench %q", sel.bench)
	}
	return fmt.Sprintf("-bench %q and -skip %q", sel.bench, sel.skip)
}

// none says that the flags leave no benchmark. -bench "." leaves out none.
func (sel selection) none() string {
	switch {
	case sel.skip == "":
		return fmt.Sprintf("-bench %q matches no benchmark", sel.bench)
	case sel.bench == "." || sel.bench == "":
		return fmt.Sprintf("-skip %q leaves out all benchmarks", sel.skip)
	}
	return sel.String() + " leave no benchmark"
}

// A listed package is what go list and the source say of it.
type listed struct {
	path, dir  string
	benchmarks []string // the selected ones
	all        int      // benchmarks, selected or not
	err        error
}

// findTargets finds the packages that have benchmarks on both sides. It reads
// go list and the source, and builds nothing. unselected are packages whose
// benchmarks -bench and -skip all leave out. If nothing is left to compare, the
// error says why.
func findTargets(ctx context.Context, temp string, base, head *side, sel selection) (targets, unselected []target, left []leftOut, err error) {
	matches, err := newSelector(sel)
	if err != nil {
		return nil, nil, nil, err
	}
	var found [controlArm][]listed
	sides := []*side{base, head}
	for arm, s := range sides {
		if found[arm], err = s.list(ctx, temp, sel.pkgs, matches); err != nil {
			return nil, nil, nil, fmt.Errorf("finding packages: %w", err)
		}
	}
	at := func(arm int, path string) *listed {
		if i := slices.IndexFunc(found[arm], func(p listed) bool { return p.path == path }); i >= 0 {
			return &found[arm][i]
		}
		return nil
	}
	for arm := range found {
		for _, p := range found[arm] {
			other := at(1-arm, p.path)
			name := "package " + p.path
			switch {
			case p.err != nil && (arm == headArm || other == nil || other.err == nil || other.err.Error() != p.err.Error()):
				broken := arm == headArm && other != nil && other.err == nil && len(other.benchmarks) > 0
				what := "it doesn't build in "
				if p.dir == "" { // a pattern that matches nothing
					what = ""
				}
				left = append(left, leftOut{name, fmt.Sprintf("%s%s: %v%s", what, armNames[arm], p.err, sides[arm].hint()), broken})
			case p.err != nil || other != nil && other.err != nil:
			case len(p.benchmarks) > 0 && other == nil:
				left = append(left, leftOut{name: name, why: "only " + armNames[arm] + " has it"})
			case len(p.benchmarks) > 0 && len(other.benchmarks) == 0:
				left = append(left, leftOut{name: name, why: "only " + armNames[arm] + " has selected benchmarks in it"})
			case len(p.benchmarks) > 0:
				for _, b := range p.benchmarks {
					if !slices.Contains(other.benchmarks, b) {
						left = append(left, leftOut{name: b + " of " + p.path, why: "only " + armNames[arm] + " has it"})
					}
				}
			}
		}
	}
	some := 0
	for _, h := range found[headArm] {
		b := at(baseArm, h.path)
		if b == nil || b.err != nil || h.err != nil {
			continue
		}
		some++
		t := target{path: h.path, dirs: [controlArm]string{b.dir, h.dir}}
		for _, name := range h.benchmarks {
			if slices.Contains(b.benchmarks, name) {
				t.benchmarks = append(t.benchmarks, name)
			}
		}
		switch {
		case len(t.benchmarks) > 0:
			targets = append(targets, t)
		case len(h.benchmarks)+len(b.benchmarks) == 0 && min(h.all, b.all) > 0:
			unselected = append(unselected, t)
		}
	}
	switch {
	case len(targets) > 0:
		return targets, unselected, left, nil
	case len(left) > 0:
		var lines strings.Builder
		for _, l := range left {
			fmt.Fprintf(&lines, "\n%s", l)
		}
		return nil, nil, left, fmt.Errorf("base and head have no benchmark in common by -pkg %q, %s:%s", strings.Join(sel.pkgs, " "), sel, lines.String())
	case some == 0:
		return nil, nil, nil, fmt.Errorf("-pkg %q: no package is on both sides (base has %d, head %d); choose others, ./... is all of a module", strings.Join(sel.pkgs, " "), len(found[baseArm]), len(found[headArm]))
	}
	return nil, nil, nil, fmt.Errorf("%s of %s (-pkg %s); go test -list Benchmark shows them", sel.none(), prose.Count(some, "package"), strings.Join(sel.pkgs, " "))
}

// list lists the packages of a side.
func (s *side) list(ctx context.Context, temp string, patterns []string, matches func(string) bool) ([]listed, error) {
	text, err := s.goCommand(ctx, temp, append([]string{"list", "-e", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles,EmbedFiles,Error"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var all []listed
	var lost []error
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var p struct {
			ImportPath, Dir           string
			TestGoFiles, XTestGoFiles []string
			Error                     *struct{ Pos, Err string }
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: reading go list: %w", s.name, err)
		}
		one := listed{path: p.ImportPath, dir: p.Dir}
		switch files := append(p.TestGoFiles, p.XTestGoFiles...); {
		case p.Error != nil && p.Dir == "":
			lost = append(lost, errors.New(p.Error.Err)) // a pattern that matches nothing
			continue
		case p.Error != nil && strings.HasPrefix(p.Error.Err, "build constraints exclude all Go files") && len(files) == 0:
			continue // files of another system only
		case p.Error != nil:
			one.err = errors.New(strings.TrimSpace(p.Error.Pos + " " + p.Error.Err))
		default:
			one.benchmarks, one.all, one.err = benchmarksIn(p.Dir, files, matches)
		}
		all = append(all, one)
	}
	if len(all) == 0 && len(lost) > 0 {
		return nil, fmt.Errorf("%s: %w", s.name, errors.Join(lost...))
	}
	for _, err := range lost {
		all = append(all, listed{path: s.name + "'s -pkg", err: err})
	}
	return all, nil
}

// benchmarksIn reads the names of the selected benchmarks in files. all counts
// the others, too.
func benchmarksIn(dir string, files []string, matches func(string) bool) (names []string, all int, err error) {
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return nil, 0, err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, 0, err
		}
		for _, d := range f.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !isBenchmark(f) {
				continue
			}
			all++
			if matches(f.Name.Name) {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names, all, nil
}

// isBenchmark tells whether go test takes a function for a benchmark.
func isBenchmark(f *ast.FuncDecl) bool {
	rest, ok := strings.CutPrefix(f.Name.Name, "Benchmark")
	if r, _ := utf8.DecodeRuneInString(rest); !ok || rest != "" && unicode.IsLower(r) {
		return false
	}
	if f.Recv != nil || f.Type.TypeParams != nil || f.Type.Results.NumFields() > 0 || f.Type.Params.NumFields() != 1 {
		return false
	}
	pointer, ok := f.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	switch x := pointer.X.(type) {
	case *ast.Ident:
		return x.Name == "B"
	case *ast.SelectorExpr:
		return x.Sel.Name == "B"
	}
	return false
}

// newSelector returns a function that reports whether -bench and -skip select a
// benchmark function, or a benchmark that the function runs by b.Run.
func newSelector(sel selection) (func(name string) bool, error) {
	bench, err := parsePattern("-bench", sel.bench)
	if err != nil {
		return nil, err
	}
	skip, err := parsePattern("-skip", sel.skip)
	if err != nil {
		return nil, err
	}
	return func(name string) bool {
		if ok, _ := bench.match(name); !ok {
			return false
		}
		ok, partial := skip.match(name)
		return sel.skip == "" || !ok || partial
	}, nil
}

// A pattern is a -bench or -skip as package testing reads it: alternatives of
// elements, one element for each part of a name between slashes.
type pattern [][]*regexp.Regexp

// match tells whether the pattern matches a function's name. partial says that
// the pattern has more elements, for what the function runs by b.Run.
func (p pattern) match(name string) (ok, partial bool) {
	for _, elements := range p {
		if elements[0].MatchString(name) {
			return true, len(elements) > 1
		}
	}
	return false, false
}

func parsePattern(flag, text string) (p pattern, err error) {
	for _, alternative := range splitPattern(text) {
		var elements []*regexp.Regexp
		for _, e := range alternative {
			re, err := regexp.Compile(rewritten(e))
			if err != nil {
				return nil, fmt.Errorf("%s %q is no regular expression: %w", flag, text, err)
			}
			elements = append(elements, re)
		}
		p = append(p, elements)
	}
	return p, nil
}

// splitPattern splits a pattern at | and /, except within brackets or
// parentheses.
func splitPattern(text string) (alternatives [][]string) {
	var elements []string
	brackets, parentheses, begin := 0, 0, 0
	for i := 0; i < len(text); i++ {
		free := brackets == 0 && parentheses == 0
		switch c := text[i]; {
		case c == '[':
			brackets++
		case c == ']':
			brackets = max(0, brackets-1) // a single ] is legal
		case c == '(' && brackets == 0:
			parentheses++
		case c == ')' && brackets == 0:
			parentheses--
		case c == '\\':
			i++
		case c == '/' && free:
			elements, begin = append(elements, text[begin:i]), i+1
		case c == '|' && free:
			alternatives = append(alternatives, append(elements, text[begin:i]))
			elements, begin = nil, i+1
		}
	}
	return append(alternatives, append(elements, text[begin:]))
}

// rewritten is an element as benchmark names have it: without spaces.
func rewritten(element string) string {
	var b strings.Builder
	for _, r := range element {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte('_')
		case !strconv.IsPrint(r):
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
