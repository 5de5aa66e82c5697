package claims

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/results"
)

// TestValuesOfReference: reading only the rows that a measure names gives the
// same as reading every row of each round.
func TestValuesOfReference(t *testing.T) {
	f, err := results.ReadFile(filepath.Join("..", "..", "..", "results", "reference.txt"))
	if err != nil {
		t.Fatal(err)
	}
	every := make([]string, len(f.Rows))
	for i, row := range f.Rows {
		every[i] = row.Name.String()
	}
	found := 0
	for _, s := range statements {
		conditions := slices.Concat(s.needs, s.beside)
		if s.small != nil {
			conditions = append(conditions, s.small.needs...)
		}
		for _, c := range conditions {
			if c.value.of == nil { // a factor, which package summary reads
				continue
			}
			m, all := c.value, c.value
			all.rows = every
			got := m.values(f)
			if d := cmp.Diff(all.values(f), got, cmp.AllowUnexported(span{})); d != "" {
				t.Errorf("%s: %s (-by every row +by its own):\n%s", s.id, c.what, d)
			}
			found += len(got)
		}
	}
	if found == 0 {
		t.Error("no measure has a value in the reference")
	}
}
