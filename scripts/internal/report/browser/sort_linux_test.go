package browser

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A shown is a table as it stands in the page.
type shown struct {
	Caption string
	Sort    []string // aria-sort of each column, "" for none
	Rows    [][]shownCell
}

// A shownCell's Value is what it says that it is sorted by, "" for its text.
// Rank is the place of the text in the order of English.
type shownCell struct {
	Text, Value string
	Rank        int
}

// tables are script that reads all sortable tables, and presses a column's
// button.
const tables = `globalThis.tables = {
	all: [...document.querySelectorAll("table.sortable")],
	head: t => [...t.tHead.rows[t.tHead.rows.length - 1].cells],
	read: t => {
		const rows = [...t.tBodies[0].rows].map(r => [...r.cells].map(c => ({Text: c.textContent.trim(), Value: c.dataset.value ?? ""})));
		const order = [...new Set(rows.flat().map(c => c.Text))].sort(new Intl.Collator("en").compare);
		for (const c of rows.flat()) c.Rank = order.indexOf(c.Text);
		return {Caption: t.caption.textContent, Sort: tables.head(t).map(h => h.getAttribute("aria-sort") ?? ""), Rows: rows};
	},
	button: (i, c) => tables.head(tables.all[i])[c].querySelector("button"),
	open: () => { for (const d of document.querySelectorAll("details")) d.open = true; },
	// press presses every button of a table twice, and reads after each.
	press: i => tables.head(tables.all[i]).flatMap((h, c) => [0, 1].map(() => { tables.button(i, c).click(); return tables.read(tables.all[i]); })),
}; tables.open(); tables.all.length`

// TestSorts: every column of every table sorts up and then down, by value
// where it has values, and rows stay whole.
func TestSorts(t *testing.T) {
	for _, s := range sampled(t, "small", "beside") {
		t.Run(s.name, func(t *testing.T) {
			b := s.open(t, view{width: 1280})
			n := ask[int](b, tables)
			if n < 5 {
				t.Fatalf("the page has %d tables that sort, want more", n)
			}
			apart := 0 // columns whose values and whose texts have another order
			for i := range n {
				before := ask[shown](b, "tables.read(tables.all[%d])", i)
				if slices.ContainsFunc(before.Sort, func(s string) bool { return s != "" }) {
					t.Errorf("%s: says that it is sorted before anyone sorted it: %q", before.Caption, before.Sort)
				}
				none(t, misvalued(before))
				for k, after := range ask[[]shown](b, "tables.press(%d)", i) {
					none(t, missorted(before, after, k/2, k%2 == 1))
					if k%2 == 0 && textual(after, k/2) {
						apart++
					}
				}
			}
			if apart == 0 {
				t.Error("in no column is the order of values another than that of texts, so this shows nothing")
			}
		})
	}
}

// textual tells whether a column in the order of its values would stand
// otherwise in the order of its texts.
func textual(s shown, column int) bool {
	return !slices.IsSortedFunc(s.Rows, func(a, b []shownCell) int { return cmp.Compare(a[column].Rank, b[column].Rank) })
}

// missorted is what is wrong with a table after one of its buttons was
// pressed.
func missorted(before, after shown, column int, down bool) (found []string) {
	want, way := "ascending", 1
	if down {
		want, way = "descending", -1
	}
	say := func(format string, args ...any) {
		found = append(found, fmt.Sprintf("%s, column %d, %s: ", after.Caption, column+1, want)+fmt.Sprintf(format, args...))
	}
	whole := func(s shown) []string {
		var rows []string
		for _, r := range s.Rows {
			rows = append(rows, fmt.Sprint(r))
		}
		slices.Sort(rows)
		return rows
	}
	if !slices.Equal(whole(before), whole(after)) {
		say("the rows are not those from before")
	}
	for i, s := range after.Sort {
		if i == column && s != want || i != column && s != "" {
			say("aria-sort of column %d is %q", i+1, s)
		}
	}
	for i := 1; i < len(after.Rows); i++ {
		a, b := after.Rows[i-1][column], after.Rows[i][column]
		switch {
		case a.Value == "" && b.Value != "":
			say("%q, which has no value, stands before %q", a.Text, b.Text)
		case a.Value != "" && b.Value != "":
			x, y := number(a.Value), number(b.Value)
			if !(float64(way)*(y-x) >= 0) {
				say("%q stands before %q", a.Text, b.Text)
			}
		case a.Value == "" && b.Value == "" && way*(b.Rank-a.Rank) < 0:
			say("%q stands before %q", a.Text, b.Text)
		}
	}
	return found
}

// number is a value's, NaN for none.
func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// scales are the units of figures, by what they stand for.
var scales = map[string]float64{
	"": 1, "×": 1, "%": 1, "ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9,
	"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "k": 1e3, "M": 1e6,
}

var figured = regexp.MustCompile(`^(−|-)?(\d+(?:,\d{3})*(?:\.\d+)?)(?:\s*([^\d\s]+))?$`)

// figure is the value of a text like "23.1 µs", "40.6×" or "1,000".
func figure(text string) (v float64, ok bool) {
	m := figured.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, false
	}
	scale, known := scales[m[3]]
	v = number(strings.ReplaceAll(m[2], ",", "")) * scale
	if m[1] != "" {
		v = -v
	}
	return v, known
}

// misvalued are the cells that are sorted by another value than they show, to
// the three digits that they show.
func misvalued(s shown) (found []string) {
	read := 0
	for _, r := range s.Rows {
		for _, c := range r {
			v, ok := figure(c.Text)
			if !ok || c.Value == "" {
				continue
			}
			read++
			if of := number(c.Value); !(math.Abs(of-v) <= .006*math.Abs(of)+1e-9) {
				found = append(found, fmt.Sprintf("%s: a cell shows %q and is sorted by %s", s.Caption, c.Text, c.Value))
			}
		}
	}
	if read == 0 && len(s.Rows) > 0 {
		found = append(found, fmt.Sprintf("%s: no cell shows a figure", s.Caption))
	}
	return found
}

// TestPresses: a button does the same by the mouse and by the keys.
func TestPresses(t *testing.T) {
	b := sampled(t, "small")[0].open(t, view{width: 1280})
	n := ask[int](b, tables)
	ways := map[string]func(b *tab, i, column int){
		"mouse": func(b *tab, i, column int) {
			at := ask[[]float64](b, "{ const button = tables.button(%d, %d); button.scrollIntoView({block: 'center', inline: 'center'}); const r = button.getBoundingClientRect(); [r.left + r.width / 2, r.top + r.height / 2] }", i, column)
			run(b, chromedp.MouseClickXY(at[0], at[1]))
		},
		"Enter": func(b *tab, i, column int) {
			ask[bool](b, "tables.button(%d, %d).focus(), true", i, column)
			run(b, chromedp.KeyEvent(kb.Enter))
		},
		"Space": func(b *tab, i, column int) {
			ask[bool](b, "tables.button(%d, %d).focus(), true", i, column)
			run(b, chromedp.KeyEvent(" "))
		},
	}
	for name, press := range ways {
		t.Run(name, func(t *testing.T) {
			b := b.as(t)
			i := n / 2
			before := ask[shown](b, "tables.read(tables.all[%d])", i)
			for _, column := range []int{len(before.Sort) - 1, 0} {
				for _, down := range []bool{false, true} {
					press(b, i, column)
					none(t, missorted(before, ask[shown](b, "tables.read(tables.all[%d])", i), column, down))
				}
			}
		})
	}
}

// TestMissorted: what is wrong with a sorted table is found.
func TestMissorted(t *testing.T) {
	cells := func(texts ...string) (rows [][]shownCell) { // "text=value"
		for _, s := range texts {
			text, value, _ := strings.Cut(s, "=")
			rows = append(rows, []shownCell{{Text: text, Value: value, Rank: slices.Index([]string{"10 ns", "9 ns", "a", "b"}, text)}})
		}
		return rows
	}
	before := shown{Sort: []string{""}, Rows: cells("10 ns=10", "9 ns=9", "a", "b")}
	for _, c := range []struct {
		name  string
		after shown
		down  bool
		want  string // "" for nothing wrong
	}{
		{"up", shown{Sort: []string{"ascending"}, Rows: cells("9 ns=9", "10 ns=10", "a", "b")}, false, ""},
		{"down", shown{Sort: []string{"descending"}, Rows: cells("10 ns=10", "9 ns=9", "b", "a")}, true, ""},
		{"by text", shown{Sort: []string{"ascending"}, Rows: cells("10 ns=10", "9 ns=9", "a", "b")}, false, `"10 ns" stands before "9 ns"`},
		{"not turned around", shown{Sort: []string{"descending"}, Rows: cells("9 ns=9", "10 ns=10", "b", "a")}, true, `"9 ns" stands before "10 ns"`},
		{"texts not sorted", shown{Sort: []string{"ascending"}, Rows: cells("9 ns=9", "10 ns=10", "b", "a")}, false, `"b" stands before "a"`},
		{"without a value first", shown{Sort: []string{"ascending"}, Rows: cells("a", "9 ns=9", "10 ns=10", "b")}, false, `"a", which has no value, stands before`},
		{"row lost", shown{Sort: []string{"ascending"}, Rows: cells("9 ns=9", "10 ns=10", "a")}, false, "not those from before"},
		{"cells torn", shown{Sort: []string{"ascending"}, Rows: cells("9 ns=9", "10 ns=11", "a", "b")}, false, "not those from before"},
		{"not said", shown{Sort: []string{""}, Rows: cells("9 ns=9", "10 ns=10", "a", "b")}, false, `aria-sort of column 1 is ""`},
		{"said wrongly", shown{Sort: []string{"ascending"}, Rows: cells("10 ns=10", "9 ns=9", "b", "a")}, true, `aria-sort of column 1 is "ascending"`},
	} {
		found := strings.Join(missorted(before, c.after, 0, c.down), "\n")
		if (c.want == "") != (found == "") || !strings.Contains(found, c.want) {
			t.Errorf("%s: want %q, found %q", c.name, c.want, found)
		}
	}
	for text, value := range map[string]string{"1.50 µs": "1510", "40.6×": "41", "2.00 KiB": "2000", "1,000": "1", "5": "x"} {
		if found := misvalued(shown{Rows: [][]shownCell{{{Text: text, Value: value}}}}); len(found) != 1 {
			t.Errorf("a cell that shows %s and is sorted by %s: found %q", text, value, found)
		}
	}
	for text, value := range map[string]string{"1.50 µs": "1503", "40.6×": "40.6267", "2.00 KiB": "2050", "1,000": "1000", "−5": "-5", "1.59%": "1.59"} {
		if found := misvalued(shown{Rows: [][]shownCell{{{Text: text, Value: value}}}}); len(found) != 0 {
			t.Errorf("a cell that shows %s and is sorted by %s: found %q", text, value, found)
		}
	}
}
