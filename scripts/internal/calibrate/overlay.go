package calibrate

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// period is n where every n-th iteration does its work twice, for that
// slowdown.
func period(inject float64) (int, error) {
	n := math.Round(1 / inject)
	if n < 2 || math.Abs(n*inject-1) > 1e-4 {
		return 0, fmt.Errorf("foreign code can't be slowed down by %g%%, only by 1/N of its work: 50%%, 20%%, 10%%, 5%%, 4%%, 2%%, 1%%", 100*inject)
	}
	return int(n), nil
}

// overlays writes two overlays for go build, below to, of the package in dir.
// In both, the loops of the benchmarks that match bench, and of all helpers,
// count their iterations. Head's loops run their body twice in every n-th
// iteration. Base's never do; one constant is all that the two overlays differ
// in.
func overlays(dir, bench, to string, n int) (base, head string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return "", "", err
	}
	first, _, _ := strings.Cut(bench, "/")
	match, err := regexp.Compile(first)
	if err != nil {
		return "", "", err
	}
	// never is more iterations than package testing ever runs.
	const never = 1 << 30
	var paths [2]string
	for i, begin := range []int{never, n / 2} {
		side := []string{"base", "head"}[i]
		replace := map[string]string{}
		if err := os.MkdirAll(filepath.Join(to, side), 0o755); err != nil {
			return "", "", err
		}
		for _, path := range files {
			source, err := os.ReadFile(path)
			if err != nil {
				return "", "", err
			}
			text, err := slowed(path, source, match, begin, n)
			if err != nil {
				return "", "", err
			}
			if text == nil {
				continue
			}
			replace[path] = filepath.Join(to, side, filepath.Base(path))
			if err := os.WriteFile(replace[path], text, 0o644); err != nil {
				return "", "", err
			}
		}
		if len(replace) == 0 {
			return "", "", fmt.Errorf("%s has no loop over b.N in a benchmark that matches %q", dir, bench)
		}
		text, err := json.Marshal(map[string]any{"Replace": replace})
		if err != nil {
			return "", "", err
		}
		paths[i] = filepath.Join(to, side+".json")
		if err := os.WriteFile(paths[i], text, 0o644); err != nil {
			return "", "", err
		}
	}
	return paths[0], paths[1], nil
}

// slowed is a test file whose loops over b.N run their body twice in iteration
// begin and then in every n-th one; nil without such a loop. The distances are
// n-1 and n+1 in turn. So a benchmark whose odd and even iterations do
// different work repeats both kinds.
func slowed(path string, source []byte, match *regexp.Regexp, begin, n int) ([]byte, error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	type edit struct {
		at   int
		text string
	}
	var edits []edit
	at := func(p token.Pos) int { return fset.Position(p).Offset }
	for _, decl := range parsed.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil || strings.HasPrefix(f.Name.Name, "Benchmark") && !match.MatchString(f.Name.Name) {
			continue
		}
		loops, wrong, why := loopsOf(f)
		if why != "" {
			return nil, fmt.Errorf("%v: the loop over iterations %s, so its body can't be done twice; choose other benchmarks", fset.Position(wrong), why)
		}
		for _, l := range loops {
			k := len(edits) / 3
			left, gap, times := fmt.Sprintf("calibrateLeft%d", k), fmt.Sprintf("calibrateGap%d", k), fmt.Sprintf("calibrateTimes%d", k)
			edits = append(edits,
				edit{at(l.Pos()), fmt.Sprintf("%s, %s := %d, %d\n", left, gap, begin, n-1)},
				edit{at(l.body.Lbrace) + 1, fmt.Sprintf("\n%s := 1\nif %s--; %s == 0 {\n%s, %s, %s = %s, %d-%s, 2\n}\nfor ; %s > 0; %s-- {\n",
					times, left, left, left, gap, times, gap, 2*n, gap, times, times)},
				edit{at(l.body.Rbrace), "\n}\n"})
		}
	}
	if edits == nil {
		return nil, nil
	}
	slices.SortFunc(edits, func(a, b edit) int { return a.at - b.at })
	var text []byte
	from := 0
	for _, e := range edits {
		text = append(append(text, source[from:e.at]...), e.text...)
		from = e.at
	}
	return format.Source(append(text, source[from:]...))
}

// A loop is a loop over b.N, by b.Loop or by pb.Next.
type loop struct {
	ast.Stmt
	body    *ast.BlockStmt
	counter string // the variable that the loop's head counts, "" for none
}

// loopsOf are the loops of a function that count a benchmark's iterations. If
// the body of one can't be run twice, at and why say where and why.
func loopsOf(f *ast.FuncDecl) (loops []loop, at token.Pos, why string) {
	refuse := func(n ast.Node, reason string) {
		if why == "" {
			at, why = n.Pos(), reason
		}
	}
	bs := benches(f)
	of := func(n ast.Node, name string) bool { // n contains b.NAME
		return has(n, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			return ok && s.Sel.Name == name && bs[nameOf(s.X)]
		})
	}
	labelled := map[ast.Stmt]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.LabeledStmt:
			labelled[n.Stmt] = true
		case *ast.RangeStmt:
			if of(n.X, "N") {
				loops = append(loops, loop{n, n.Body, ""})
			}
		case *ast.ForStmt:
			switch {
			case n.Cond == nil:
			case of(n.Cond, "Loop"), of(n.Cond, "Next"):
				loops = append(loops, loop{n, n.Body, ""})
			case of(n.Cond, "N"):
				step, _ := n.Post.(*ast.IncDecStmt)
				if step == nil {
					refuse(n, "doesn't count its iterations in its head")
					return true
				}
				loops = append(loops, loop{n, n.Body, nameOf(step.X)})
			}
		}
		return true
	})
	for _, l := range loops {
		if labelled[l.Stmt] {
			refuse(l, "has a label")
		}
		if slices.ContainsFunc(loops, func(inner loop) bool { return l.body.Pos() < inner.Pos() && inner.Pos() < l.body.End() }) {
			refuse(l, "has another one in its body")
		}
		if has(l.body, func(n ast.Node) bool { return l.counter != "" && sets(n, l.counter) }) {
			refuse(l, "sets "+l.counter+" in its body, too")
		}
		if leaves(l.body, false) {
			refuse(l, "is left by break or goto")
		}
	}
	return loops, at, why
}

// benches are the names of parameters that are a *testing.B or *testing.PB, of
// a function and of the functions in it.
func benches(f *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok {
			return true
		}
		if star, ok := field.Type.(*ast.StarExpr); ok {
			if t, ok := star.X.(*ast.SelectorExpr); ok && nameOf(t.X) == "testing" && (t.Sel.Name == "B" || t.Sel.Name == "PB") {
				for _, name := range field.Names {
					names[name.Name] = true
				}
			}
		}
		return true
	})
	return names
}

// nameOf is an identifier's name, "" for another expression.
func nameOf(e ast.Expr) string {
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// has tells whether so holds for some node of the tree.
func has(tree ast.Node, so func(ast.Node) bool) bool {
	found := false
	ast.Inspect(tree, func(n ast.Node) bool {
		found = found || n != nil && so(n)
		return !found
	})
	return found
}

// sets tells whether a node assigns to the variable or takes its address.
func sets(n ast.Node, variable string) bool {
	switch n := n.(type) {
	case *ast.IncDecStmt:
		return nameOf(n.X) == variable
	case *ast.AssignStmt:
		return n.Tok != token.DEFINE && slices.ContainsFunc(n.Lhs, func(e ast.Expr) bool { return nameOf(e) == variable })
	case *ast.UnaryExpr:
		return n.Op == token.AND && nameOf(n.X) == variable
	}
	return false
}

// leaves tells whether a loop's body has a break of that loop, a goto, or a
// jump to a label. within means that the statement is inside another statement
// that a plain break would end.
func leaves(tree ast.Node, within bool) bool {
	found := false
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			if n != tree && !within {
				found = found || leaves(n, true)
				return false
			}
		case *ast.BranchStmt:
			found = found || n.Label != nil || n.Tok == token.GOTO || n.Tok == token.BREAK && !within
		}
		return !found
	})
	return found
}
