package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/results"
)

const small = "testdata/small.txt"

func load(t testing.TB, text string) *results.File {
	t.Helper()
	f, err := results.Read(strings.NewReader(text), "some/where/file.txt")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func contents(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rendered is the page that files give.
func rendered(t testing.TB, files ...*results.File) string {
	t.Helper()
	var b bytes.Buffer
	if err := New(files).HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sound fails unless a page is whole: what the browser tests see rendered, here
// by its text.
func sound(t testing.TB, page string) {
	t.Helper()
	if n := len(page); n > 2<<20 {
		t.Errorf("the page has %d bytes, at most %d wanted", n, 2<<20)
	}
	all := nodes(t, page)
	ids := map[string]bool{}
	scripts, styles, level := 0, 0, 0
	for _, n := range all {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("the id %q stands twice", id)
			}
			ids[id] = true
		}
	}
	for _, n := range all {
		for _, a := range n.Attr {
			switch key := a.Name.Local; {
			case strings.HasPrefix(key, "on"), key == "style", key == "srcdoc", key == "src":
				t.Errorf("<%s %s=%q>", n.Data, key, a.Value)
			case key == "href" && !strings.HasPrefix(a.Value, "#") && a.Value != "data:,":
				t.Errorf("<%s> leads to %q", n.Data, a.Value)
			case key == "href" && strings.HasPrefix(a.Value, "#") && !ids[a.Value[1:]]:
				t.Errorf("<%s> leads to %q, which isn't there", n.Data, a.Value)
			case key == "aria-labelledby" || key == "aria-describedby":
				if !ids[a.Value] {
					t.Errorf("<%s> is named by %q, which isn't there", n.Data, a.Value)
				}
			case slices.Contains(strings.Fields("x y x1 y1 x2 y2 d width height viewBox"), key) && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")):
				t.Errorf("<%s %s=%q>", n.Data, key, a.Value)
			}
		}
		switch n.Data {
		case "script":
			scripts++
		case "style":
			styles++
		case "iframe", "object", "embed", "img", "image", "foreignObject", "use", "base", "form", "input":
			t.Errorf("there is a <%s>", n.Data)
		case "svg":
			if attr(n, "role") == "" || attr(n, "aria-labelledby") == "" || attr(n, "aria-describedby") == "" {
				t.Errorf("a picture without role, title or description: %v", n.Attr)
			}
		case "table":
			if !slices.ContainsFunc(n.Children, func(c *node) bool { return c.Data == "caption" && textOf(c) != "" }) {
				t.Errorf("a table without a caption: %.80s", textOf(n))
			}
		case "h1", "h2", "h3", "h4":
			now := int(n.Data[1] - '0')
			if now > level+1 {
				t.Errorf("<%s>%s comes after <h%d>", n.Data, textOf(n), level)
			}
			level = now
			if textOf(n) == "" {
				t.Errorf("an empty <%s>", n.Data)
			}
		}
	}
	if scripts != 1 || styles != 1 {
		t.Errorf("%d scripts and %d style sheets, want 1 of each", scripts, styles)
	}
	// Pictures must also be strict XML. The parser of the page mends errors.
	for _, svg := range regexp.MustCompile(`(?s)<svg .*?</svg>`).FindAllString(page, -1) {
		if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
			t.Errorf("a picture is no XML: %v: %.200s", err, svg)
		}
	}
}

func TestPage(t *testing.T) {
	f, err := results.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	page := rendered(t, f)
	sound(t, page)
	if page != rendered(t, f) {
		t.Error("the same file gives another page")
	}
	var headings []string
	for _, n := range nodes(t, page, "h2") {
		headings = append(headings, textOf(n))
	}
	want := []string{
		"The answer", "What is taught, and what was measured", "Every pair on one axis", "What a task costs when there are n",
		"What a parked task holds, by the depth of its stack", "How long a switch takes, from the median to the slowest",
		"What blocked tasks do to a bystander", "How late a task wakes, where threads may win", "Every benchmark",
		"The environment, and what makes it incomparable", "How it was measured",
	}
	if !slices.Equal(headings, want) {
		t.Errorf("sections %q, want %q", headings, want)
	}
	// Each section of pictures has some, each mark says its figure.
	for _, id := range []string{"overview", "scale", "stack", "latency", "bystander", "wakeup"} {
		if !strings.Contains(page, `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox`) || !strings.Contains(page, `id="`+id+`-1`) {
			t.Errorf("no picture in the section %s", id)
		}
	}
	_, body, _ := strings.Cut(page, "<body>")
	body, _, _ = strings.Cut(body, "<script>")
	if bad := regexp.MustCompile(`NaN|undefined|Infinity|[+-]Inf\b|<nil>|%![a-zA-Z]?\(|ZgotmplZ`).FindString(html.UnescapeString(body)); bad != "" || body == "" {
		t.Errorf("the page says %q where a value is missing", bad)
	}
	marks := 0
	for _, n := range nodes(t, page, "g") {
		if !strings.HasPrefix(attr(n, "class"), "mark ") {
			continue
		}
		marks++
		if attr(n, "tabindex") != "0" || !strings.ContainsAny(attr(n, "aria-label"), "0123456789") || n.Children[0].Data != "title" {
			t.Errorf("a mark without focus, figure or title: %v", n.Attr)
		}
	}
	if marks < 150 {
		t.Errorf("%d marks, want 150 at least", marks)
	}
	for _, want := range []string{
		"SetMaxThreads", "kernel.pid_max", "raise it: sysctl -w kernel.pid_max=100444", // the limits, in the picture and in words
		"A virtual machine (kvm)", "the hypervisor stole up to 5.00% of CPU time (over 1% in 6 of 6 rounds)", "governor: none", "build with -tags pthread",
		"expected 1000 kernel switches of 1000 ops, give or take 100; seen 12 (in 1 of 6 rounds)",
		"begun 2026-03-04T05:06:07Z on bench-host",
	} {
		if !strings.Contains(html.UnescapeString(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestEmptySections: a section without rows is not on the page, and no link leads to
// it.
func TestEmptySections(t *testing.T) {
	page := rendered(t, load(t, "driver: lockstep\n"+round(1, "BenchmarkParse/impl=fast 10 7 ns/op")))
	sound(t, page)
	var headings []string
	for _, n := range nodes(t, page, "h2") {
		headings = append(headings, textOf(n))
	}
	if want := []string{"The answer", "Every benchmark", "The environment, and what makes it incomparable", "How it was measured"}; !slices.Equal(headings, want) {
		t.Errorf("sections %q, want %q", headings, want)
	}
}

// TestClaims: each statement that a file was to measure has one sentence with the
// finding. A picture shows the deciding figure and its bound. The conditions open on
// demand. With many machines one picture has the figures of all.
func TestClaims(t *testing.T) {
	f, err := results.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name           string
		files          []*results.File
		marks, verdict int // of create-faster
	}{
		{"one", []*results.File{f}, 1, 1},
		{"beside each other", []*results.File{f, f}, 2, 2},
		{"many", fleet(t, 5), 5, 0},
	} {
		page := rendered(t, test.files...)
		_, claim, found := strings.Cut(page, `<h3 id="claim-create-faster">`)
		claim, _, _ = strings.Cut(claim, `<div class="claim">`)
		marks, verdicts := strings.Count(claim, `<g class="mark `), strings.Count(claim, `<span class="verdict `)
		if !found || marks != test.marks || verdicts != test.verdict || strings.Count(claim, "<svg ") != 1 || strings.Count(claim, "<details>") != 1 {
			t.Errorf("%s: %v, %d figures, %d verdicts, want %d and %d:\n%.3000s", test.name, found, marks, verdicts, test.marks, test.verdict, claim)
		}
		for _, want := range []string{"Creating, running and joining a raw thread takes ", " times as long as a goroutine.", "at least 2.00×", "Why the bound is there"} {
			if !strings.Contains(html.UnescapeString(claim), want) {
				t.Errorf("%s: it does not say %q", test.name, want)
			}
		}
	}
}

// TestTyped: page and Markdown name commands as a user types them to the program that
// made the report.
func TestTyped(t *testing.T) {
	commandline.OneFile = true
	defer func() { commandline.OneFile = false }()
	f := load(t, "driver: lockstep\n"+round(1, "BenchmarkParse/impl=fast 10 7 ns/op"))
	var md bytes.Buffer
	if err := New([]*results.File{f}).Markdown(&md, "file"); err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"page": rendered(t, f), "Markdown": md.String()} {
		if strings.Contains(text, "go run") || !strings.Contains(text, "threadbench run") {
			t.Errorf("the %s names a command that isn't there", form)
		}
	}
}

// TestPolicy: the page's security policy names its own script and style sheet
// by their hashes, and lets nothing else in.
func TestPolicy(t *testing.T) {
	f, err := results.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	page := rendered(t, f)
	between := func(from, to string) string {
		_, rest, _ := strings.Cut(page, from)
		text, _, _ := strings.Cut(rest, to)
		return text
	}
	want := "default-src 'none'; style-src " + hash(between("<style>", "</style>")) + "; script-src " + hash(between("<script>", "</script>")) + "; img-src data:; base-uri 'none'; form-action 'none'"
	i := slices.IndexFunc(nodes(t, page, "meta"), func(n *node) bool { return attr(n, "http-equiv") != "" })
	if got := attr(nodes(t, page, "meta")[i], "content"); got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
}

// TestBenchstat compares every figure of the page's tables with benchstat's output
// for the same file.
func TestBenchstat(t *testing.T) {
	out, err := exec.Command("go", "tool", "benchstat", "-table", "", "-row", ".fullname", "-format", "csv", small).Output()
	if err != nil {
		t.Fatal(err)
	}
	type key struct{ row, unit string }
	type printed struct {
		center float64
		within string
		scale  float64 // of the unit that the page shows the figure in
	}
	theirs := map[key]printed{}
	unit := ""
	r := csv.NewReader(bytes.NewReader(out))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		switch {
		case len(l) == 3 && l[2] == "CI":
			unit = l[1]
		case len(l) == 3 && l[0] != "" && l[0] != "geomean":
			v, err := strconv.ParseFloat(l[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			theirs[key{l[0], unit}] = printed{v, l[2], 1}
		}
	}
	units := map[string]string{
		"time per op": "sec/op", "user": "user-B/task", "kernel": "kernel-B/task", "reserved": "reserved-B/task", "threads per op": "threads/op",
		"kernel switches/op": "kernel-switches/op", "p50": "p50-sec", "p90": "p90-sec", "p99": "p99-sec", "p999": "p999-sec", "max": "max-sec", "stamp": "stamp-sec", "wake": "wake-sec",
		"threads": "threads", "tasks": "tasks", "bystander-share": "bystander-share",
	}
	scales := map[string]float64{"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "KiB": 1 << 10, "MiB": 1 << 20}
	f, err := results.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	page := rendered(t, f)
	report := New([]*results.File{f})
	held, intervals := 0, 0
	for _, table := range nodes(t, page, "table") {
		var caption string
		for _, c := range table.Children {
			if c.Data == "caption" {
				caption = textOf(c)
			}
		}
		family, _, _ := strings.Cut(caption, " ")
		section := report.sources[0].table.Family(family)
		if section == nil {
			continue
		}
		var head []string
		row := -1
		for n := range table.descendants() {
			switch {
			case n.Data == "th" && attr(n, "scope") == "col":
				head = append(head, textOf(n))
			case n.Data == "tr" && n.Parent.Data == "tbody":
				row++
				name := section.Rows[row].FullName
				column := -1
				var before printed
				for _, c := range n.Children {
					column++
					of, figure := units[head[column]], attr(c, "data-value")
					if head[column] == "95% interval" && before.within != "" && figure != "" {
						intervals++
						compareInterval(t, name, textOf(c), before.center, before.scale, before.within)
					}
					before = printed{}
					if of == "" || figure == "" {
						continue
					}
					want, ok := theirs[key{name, of}]
					if !ok {
						t.Errorf("%s: benchstat has no %s, the page has %s", name, of, textOf(c))
						continue
					}
					got, err := strconv.ParseFloat(figure, 64)
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasSuffix(of, "-sec") || of == "sec/op" {
						want.center *= 1e9
					}
					if math.Abs(got-want.center) > 1e-9*math.Abs(want.center) {
						t.Errorf("%s %s: %v on the page, %v by benchstat", name, of, got, want.center)
					}
					held++
					// The visible text is the same figure, to three digits.
					number, of, _ := strings.Cut(strings.TrimSuffix(textOf(c), "×"), " ")
					if s, ok := scales[of]; ok {
						want.scale = s
					}
					if shown, err := strconv.ParseFloat(number, 64); err == nil && math.Abs(shown*want.scale-got) > 0.0051*got {
						t.Errorf("%s %s: the page shows %s for %v", name, of, textOf(c), got)
					}
					before = want
				}
			}
		}
	}
	if held < 150 || intervals < 40 {
		t.Errorf("%d figures and %d intervals were compared, want 150 and 40 at least", held, intervals)
	}
}

// compareInterval compares "[1.92, 2.05]" with benchstat's "± 4%" of the center.
func compareInterval(t *testing.T, name, text string, center, scale float64, within string) {
	t.Helper()
	var low, high float64
	if _, err := fmt.Sscanf(text, "[%f, %f]", &low, &high); err != nil {
		t.Errorf("%s: interval %q: %v", name, text, err)
		return
	}
	percent, err := strconv.ParseFloat(strings.TrimSuffix(within, "%"), 64)
	if err != nil {
		t.Errorf("%s: benchstat's interval is %q", name, within)
		return
	}
	got := 100 * max(high*scale-center, center-low*scale) / center
	if math.Abs(got-percent) > 1.1 {
		t.Errorf("%s: the page's interval %s is ±%.2f%% of %v, benchstat's %s", name, text, got, center, within)
	}
}

// TestBothMemories: the page adds user and kernel memory, which no file does. The
// figure is the median of the rounds' sums.
func TestBothMemories(t *testing.T) {
	f := load(t, "driver: lockstep\n"+
		"BenchmarkStack/impl=goroutine/depth=0 9 1 x-goroutine 1 kernel-B/task 10 user-B/task\n# end round 1\n"+
		"BenchmarkStack/impl=goroutine/depth=0 9 1 x-goroutine 20 kernel-B/task 11 user-B/task\n# end round 2\n"+
		"BenchmarkStack/impl=goroutine/depth=0 9 1 x-goroutine 3 kernel-B/task 50 user-B/task\n# end round 3\n")
	if page := rendered(t, f); !strings.Contains(page, `data-value="31" class="right">31.0 B`) {
		t.Error("the median of 11, 31 and 53 is not in the page")
	}
}

// round makes one round of benchmark lines.
func round(k int, lines ...string) string {
	return strings.Join(lines, "\n") + fmt.Sprintf("\n# end round %d\n", k)
}

const evil = `"><script>alert(1)</script><img/src=x/onerror=alert(2)>`

// TestBadInput: an unusual results file gives a page that says so, or a clear
// error.
func TestBadInput(t *testing.T) {
	const driver = "driver: lockstep\n"
	pair := []string{"BenchmarkSwitch/impl=goroutine/via=channel/place=same 10 250 ns/op 1 x-goroutine", "BenchmarkSwitch/impl=locked/via=channel/place=same 10 14000 ns/op 56 x-goroutine"}
	for _, tt := range []struct {
		name, text string
		says       []string // in the page
		fails      string   // or in the error
	}{
		{"no known rows", driver + round(1, "BenchmarkParse/impl=fast 10 7 ns/op"),
			[]string{"This file has no row that compares what a task takes", "Parse", "7.00 ns"}, ""},
		{"of another suite", "goos: linux\npkg: encoding/json\nBenchmarkEncode-8 1000 1234 ns/op\n", nil, `driver "" is neither lockstep nor testing`},
		{"another suite's names", driver + round(1, "BenchmarkEncode/small 1000 1234 ns/op"), nil, "only this suite's own names can be read"},
		{"NaN", driver + round(1, "BenchmarkSwitch/impl=goroutine/via=channel 10 NaN ns/op"), nil, "NaN"},
		{"an outlier", driver + round(1, pair...) + round(2, pair[0], "BenchmarkSwitch/impl=locked/via=channel/place=same 10 1e12 ns/op 4e9 x-goroutine") +
			round(3, pair[0], "BenchmarkSwitch/impl=locked/via=channel/place=same 10 1e12 ns/op 4e9 x-goroutine"),
			[]string{"1000 s"}, ""},
		{"one arm only", driver + round(1, pair[1]), []string{"The goroutine arm of these lines is not in this file", "locked thread", "56.0×"}, ""},
		{"the goroutine alone", driver + round(1, pair[0]), []string{"This file has no row that compares what a task takes", "250 ns"}, ""},
		{"cut in mid-line", driver + round(1, pair...) + pair[0] + "\nBenchmarkSwitch/impl=lock", []string{"A round of this file never ended", "14.0 µs"}, ""},
		{"cut in its first round", driver + pair[0] + "\nBenchmarkSwitch/impl=lock", nil, "no complete round"},
		{"notes alone", driver + "# skip BenchmarkSwitch/impl=clone/via=futex: 1 CPU: 2 wanted\n", []string{"Nothing was measured", "1 CPU: 2 wanted"}, ""},
		{"markup", driver + "host-name: " + evil + "\n# begun 2026 on " + evil + "\n# skip BenchmarkA/impl=<b>: " + evil + "\n# round 1: steal=" + evil + "\n" +
			round(1, "BenchmarkSwitch/impl=<script>alert(1)<script>/via=channel 10 7 ns/op", "BenchmarkScale/impl=goroutine/n=<script> 10 7 ns/op", "BenchmarkBlock/impl=goroutine/wait=<b>/n=1 10 7 ns/op 1 bystander-share",
				"BenchmarkStack/impl=goroutine/depth=<i> 10 7 user-B/task 7 kernel-B/task", "Benchmark<svg>/impl=\"onload=alert(1) 1 1 <unit>"),
			[]string{"<script>alert(1)<script>", evil, "<svg>", "depth <i>"}, ""},
		{"unpaired", "driver: testing\n" + strings.Repeat("BenchmarkSwitch/impl=goroutine/via=channel/place=same-2 10 250 ns/op\nBenchmarkSwitch/impl=locked/via=channel/place=same-2 10 14000 ns/op\n", 3),
			[]string{"never pool them with those of driver lockstep", "56.0×", "unpaired"}, ""},
		{"slowed down on purpose", driver + "inject: Switch=1.5\n" + round(1, pair...), []string{"INJECTED SLOWDOWN"}, ""},
		{"built with the race detector", driver + "build: race,cover\n" + round(1, pair...), []string{"DISTORTED BUILD (build: race,cover)"}, ""},
		{"on CPUs of two kinds", driver + "build: plain\ncross-shares: L3+other-kind\n" + round(1, pair...), []string{"The two CPUs of place=cross are of different kinds (cross-shares: L3+other-kind)."}, ""},
		{"nothing above 0", driver + round(1, "BenchmarkSwitch/impl=goroutine/via=channel/place=same 10 0 ns/op", "BenchmarkSwitch/impl=locked/via=channel/place=same 10 0 ns/op -1 x-goroutine",
			"BenchmarkScale/impl=goroutine/n=10 10 -5 ns/op 0 threads"), []string{"Not drawn, since a logarithmic axis has no place for it"}, ""},
		{"far out", driver + round(1, "BenchmarkSwitch/impl=goroutine/via=channel/place=same 10 1e-90 ns/op 1 x-goroutine", "BenchmarkSwitch/impl=locked/via=channel/place=same 10 1e99 ns/op 1e100 x-goroutine",
			"BenchmarkBlock/impl=goroutine/wait=net/n=1 1 1 ns/op 1e90 bystander-share"), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := results.Read(strings.NewReader(tt.text), "file.txt")
			if err != nil {
				if tt.fails == "" || !strings.Contains(err.Error(), tt.fails) {
					t.Fatalf("error %v, want %q", err, tt.fails)
				}
				return
			}
			if tt.fails != "" {
				t.Fatalf("no error, want %q", tt.fails)
			}
			page := rendered(t, f)
			sound(t, page)
			for _, text := range tt.says {
				if !strings.Contains(html.UnescapeString(page), text) {
					t.Errorf("the page does not say %q", text)
				}
			}
			var md bytes.Buffer
			if err := New([]*results.File{f}).Markdown(&md, "file"); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(md.String(), "<script") || strings.Contains(md.String(), "<img") {
				t.Error("the Markdown has markup of the file's")
			}
		})
	}
}

// TestSeveral: files stand side by side, each labelled with the settings that
// differ.
func TestSeveral(t *testing.T) {
	text := contents(t, small)
	other := strings.NewReplacer("go1.26.0", "go1.27.0", "kernel: 6.1.0-test", "kernel: 7.0").Replace(text)
	third := strings.ReplaceAll(other, "bench-host", "laptop")
	a, b, c := load(t, text), load(t, other), load(t, third)
	for _, tt := range []struct {
		name  string
		files []*results.File
		want  []string
	}{
		{"one", []*results.File{a}, []string{"file.txt"}},
		{"by version", []*results.File{a, b}, []string{"go1.26.0", "go1.27.0"}},
		{"by host", []*results.File{b, c}, []string{"bench-host", "laptop"}},
		{"by both", []*results.File{a, b, c}, []string{"bench-host, go1.26.0", "bench-host, go1.27.0", "laptop, go1.27.0"}},
		{"alike", []*results.File{a, a}, []string{"file.txt, file 1", "file.txt, file 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := labelled(tt.files); !slices.Equal(got, tt.want) {
				t.Fatalf("labels %q, want %q", got, tt.want)
			}
			page := rendered(t, tt.files...)
			sound(t, page)
			if n := len(tt.files); n > 1 {
				for _, label := range tt.want {
					if headed := regexp.MustCompile(`<th scope="colgroup" colspan="\d+">` + regexp.QuoteMeta(label) + `</th>`); !headed.MatchString(page) {
						t.Errorf("no column of figures is headed %q", label)
					}
				}
			}
			if differ := strings.Contains(page, `class="differ"`); differ != (tt.name == "by version" || tt.name == "by both") {
				t.Errorf("settings that differ are marked: %v", differ)
			}
		})
	}
	// A row that one of two files lacks has empty cells for that file only.
	page := rendered(t, a, load(t, "driver: lockstep\n"+round(1, "BenchmarkMixed/impl=goroutine/mode=together 10 250 ns/op 1 x-goroutine")))
	sound(t, page)
	for _, want := range []string{"together", "56.4×"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of two does not say %q", want)
		}
	}
	var md bytes.Buffer
	if err := New([]*results.File{a, b}).Markdown(&md, "two"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| kernel | 6.1.0-test | 7.0 | yes |", "| cpus | 2 | 2 |  |", "go1.27.0<br>against goroutine", "go1.26.0: **"} {
		if !strings.Contains(md.String(), want) {
			t.Errorf("the Markdown of two does not say %q", want)
		}
	}
}

// FuzzPage: every results file gives a whole page, without markup from the file.
func FuzzPage(f *testing.F) {
	f.Add("driver: lockstep\ngo: go1\n# begun 1 on h\n# round 1: steal=1%\nBenchmarkSwitch/impl=goroutine/mode=stamped/via=pipe/place=same 1 2 ns/op 1 x-goroutine 1 x-self 3 p50-ns 4 max-ns\n" +
		"BenchmarkSwitch/impl=clone/mode=stamped/via=pipe/place=same 1 3 ns/op 1.5 x-goroutine 3 p50-ns 4 p999-ns\n# end round 1\n")
	f.Add("driver: lockstep\nBenchmarkStack/impl=locked/depth=4 1 2 x-goroutine 1 kernel-B/task 2 reserved-B/task 3 user-B/task\nBenchmarkBlock/impl=goroutine/wait=net/n=1 1 2 ns/op 1 x-goroutine 1 bystander-share 3 threads\n# end round 1\n")
	f.Add("driver: testing\nBenchmarkA/impl=\"<b>-4 1 1 ns/op\n")
	f.Add("driver: lockstep\na: <script>\n# round 1: x=\x00\n# cut BenchmarkScale/impl=clone/n=9: ]]>: a\nBenchmarkScale/impl=clone/n=9 1 -1e99 ns/op 1e-99 tasks 7 user-B/task -7 kernel-B/task\n# end round 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := results.Read(strings.NewReader(text), "file.txt")
		if err != nil {
			t.Skip()
		}
		sound(t, rendered(t, file, file))
		report := New([]*results.File{file})
		if err := report.Markdown(io.Discard, "file"); err != nil {
			t.Error(err)
		}
		pictures, err := report.Pictures()
		if err != nil {
			t.Error(err)
		}
		for _, p := range pictures {
			if err := xml.Unmarshal(p.SVG, new(struct{})); err != nil {
				t.Errorf("%s is no XML: %v", p.Name, err)
			}
		}
	})
}
