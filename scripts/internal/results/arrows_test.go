package results

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestReadersLinkNothingThatMeasures: a command that only reads results files
// links only the leaves of what measures, and a leaf imports nothing of ours.
// So a file can be read wherever Go runs, without assembly.
func TestReadersLinkNothingThatMeasures(t *testing.T) {
	const catalog = "threadbench/bench/catalog"
	leaves := []string{catalog, "threadbench/bench/numbers"}
	measures := func(pkg string) bool {
		return slices.Contains([]string{"bench", "goroutines", "threads"}, strings.Split(pkg, "/")[1]) && !slices.Contains(leaves, pkg)
	}
	ours := func(goos, pkg string) []string {
		list := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{.Dir}}", pkg)
		list.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		text, err := list.Output()
		if err != nil {
			t.Fatalf("%v: %v", list, err)
		}
		var deps []string
		for line := range strings.Lines(string(text)) {
			dep, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
			if !strings.HasPrefix(dep, "threadbench/") {
				continue
			}
			if _, err := os.ReadDir(dir); err != nil { // go test caches the answer as long as the files that it looked at stay
				t.Fatal(err)
			}
			deps = append(deps, dep)
		}
		return deps
	}
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for _, command := range []string{"report", "claims", "compare"} {
			deps := ours(goos, "threadbench/scripts/"+command)
			if !slices.Contains(deps, catalog) {
				t.Errorf("%s: %s does without %s: %q", goos, command, catalog, deps)
			}
			if i := slices.IndexFunc(deps, measures); i >= 0 {
				t.Errorf("%s: %s links %s; go list -deps ./scripts/%[2]s shows through what", goos, command, deps[i])
			}
		}
		for _, leaf := range leaves {
			if deps := ours(goos, leaf); len(deps) != 1 {
				t.Errorf("%s: %s imports of ours: %q", goos, leaf, deps)
			}
		}
	}
}
