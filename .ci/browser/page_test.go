package browser

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed checks.js
var checks string

// check runs one of the checks of checks.js.
func (b *tab) check(name string) []string {
	b.t.Helper()
	return ask[[]string](b, "checks.%s()", name)
}

// violations are the findings of all axe-core's rules in the page. axe-core knows
// screen readers and WCAG better than our own checks did, and others maintain
// axe-core. It is pinned by version and integrity.
//
// axe-core has no rule for sideways scrolling, labels that cover each other, paper,
// sorting and the order of the Tab key, so checks.js has these. axe-core can't see
// the colour below a picture's text, so scripts/internal/chart tests the colours'
// contrast. Nor can it find the contrast of text on a gradient. So the tables'
// gradients, which show that a table goes on to the side, are switched off.
func (b *tab) violations() []string {
	b.t.Helper()
	ask[bool](b, "{ for (const e of document.querySelectorAll('.scroll')) e.style.backgroundImage = 'none'; true }")
	if !ask[bool](b, "typeof axe === 'object'") {
		ask[bool](b, "%s; true", axe)
	}
	return ask[[]string](b, `axe.run({resultTypes: ["violations"]}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 200) + ": " + n.failureSummary)))`)
}

// tabbed goes through the page by the Tab key.
func (b *tab) tabbed() []string {
	b.t.Helper()
	do(b, chromedp.KeyEvent(strings.Repeat(kb.Tab, ask[int](b, "checks.watch()"))))
	return b.check("watched")
}

// TestOpens: a page opens without a complaint, requests nothing else, and runs
// nothing from a results file.
func TestOpens(t *testing.T) {
	for name, path := range pages {
		b := open(t, name, view{width: 1280})
		if !slices.Contains(b.requested(), "file://"+path) {
			t.Errorf("%s: its own request is not among those heard: %q", name, b.requested())
		}
		for _, url := range b.requested() {
			if url != "file://"+path && !strings.HasPrefix(url, "data:,") {
				t.Errorf("%s: it asked for %s", name, url)
			}
		}
		if n := ask[int](b, "document.scripts.length"); n != 1 {
			t.Errorf("%s: it has %d scripts, want 1", name, n)
		}
		if title := ask[string](b, "document.title"); title == "run" || title == "" {
			t.Errorf("%s: its title is %q", name, title)
		}
	}
}

// TestPolicy: the browser stops and reports markup that gets past the escaping.
// This also shows that the test hears complaints.
func TestPolicy(t *testing.T) {
	b := open(t, "small", view{width: 1280})
	violated := ask[[]string](b, `new Promise(done => {
		const violated = [];
		document.addEventListener("securitypolicyviolation", e => {
			violated.push(e.effectiveDirective);
			if (violated.length === 4) done(violated.sort());
		});
		setTimeout(() => done(violated.sort()), 2000);
		const script = document.createElement("script"), style = document.createElement("style"), image = new Image();
		script.textContent = "globalThis.ran = true";
		style.textContent = "body { color: red }";
		document.body.append(script, style, image);
		image.src = "http://127.0.0.1:9/picture.png";
		fetch("http://127.0.0.1:9/data").catch(() => {});
	})`)
	if want := []string{"connect-src", "img-src", "script-src-elem", "style-src-elem"}; !slices.Equal(violated, want) {
		t.Errorf("a script, a style, a picture and a request violate %q, want %q", violated, want)
	}
	if ask[bool](b, "globalThis.ran === true") {
		t.Error("a script that is not the page's own ran")
	}
	if said := strings.Join(b.complained(), "\n"); !strings.Contains(said, "script-src") {
		t.Errorf("no complaint of the browser's about the script was heard:\n%s", said)
	}
}

// TestLooks: each page is accessible and readable in each view. For axe-core
// the large pages differ from the small one only in length.
func TestLooks(t *testing.T) {
	for name := range pages {
		t.Run(name, func(t *testing.T) {
			b := open(t, name, view{width: 1280})
			for _, v := range []view{{width: 1280}, {width: 1280, dark: true}, {width: 360}, {width: 320, dark: true}, paper(name)} {
				t.Run(v.String(), func(t *testing.T) {
					b.look(v)
					if w := ask[int64](b, "document.documentElement.clientWidth"); w != v.width {
						t.Errorf("the page is laid out for %d px", w)
					}
					if v.width == 1280 && !v.dark || name == "small" {
						none(t, b.violations())
					}
					none(t, b.check("fits"))
					none(t, b.check("labels"))
					if v.print {
						none(t, b.check("folded"))
					}
				})
			}
		})
	}
}

// TestTables: a screen reader sees each table as a table, also in narrow layouts.
func TestTables(t *testing.T) {
	b := open(t, "reference", view{width: 1280})
	for _, width := range []int64{1280, 360} {
		b.look(view{width: width})
		told := 0
		for _, n := range call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
			var role string
			if n.Role != nil && json.Unmarshal(n.Role.Value, &role) == nil && role == "table" {
				told++
			}
		}
		if want := ask[int](b, "[...document.querySelectorAll('table')].filter(e => e.checkVisibility({contentVisibilityAuto: true})).length"); told != want || want == 0 {
			t.Errorf("%d px: of %d tables the accessibility tree has %d", width, want, told)
		}
	}
}

// TestWithoutScript: a page without its script has the same content.
func TestWithoutScript(t *testing.T) {
	const text = "(document.querySelector('.sorts').hidden = true, document.body.innerText.replace(/\\s+/g, ' '))"
	want := ask[string](open(t, "reference", view{width: 1280}), text)
	b := open(t, "reference", view{width: 1280, noScript: true})
	if n := ask[int](b, "document.querySelectorAll('button').length"); n != 0 {
		t.Errorf("there are %d buttons, and nothing that they could do", n)
	}
	if got := ask[string](b, text); got != want {
		t.Errorf("without script the page says something else: %d characters, with it %d", len(got), len(want))
	}
	ask[bool](b, "document.querySelector('summary').focus(), true")
	do(b, chromedp.KeyEvent(kb.Enter))
	if !ask[bool](b, "document.querySelector('details > :not(summary)').checkVisibility({contentVisibilityAuto: true})") {
		t.Error("the first details element does not open")
	}
	b.look(view{width: 360})
	none(t, b.check("fits"))
	none(t, b.check("labels"))
}

// TestKeyboard: the Tab key reaches all that can be used, in the page's order,
// and each element shows that it has the focus. A picture is one stop, and
// arrow keys go from figure to figure.
func TestKeyboard(t *testing.T) {
	b := open(t, "reference", view{width: 1280})
	none(t, b.tabbed())
	if n := ask[int](b, "Math.max(...[...document.querySelectorAll('svg.chart')].map(c => c.querySelectorAll('.mark[tabindex=\"0\"]').length))"); n != 1 {
		t.Errorf("a picture has %d stops, want 1", n)
	}
	marks := ask[int](b, `globalThis.marks = [...[...document.querySelectorAll("svg.chart")].find(c => c.checkVisibility() && c.querySelectorAll(".mark").length > 2).querySelectorAll(".mark")]; marks[0].focus({focusVisible: true}); marks.length`)
	for _, step := range []struct {
		key  string
		want int
	}{
		{kb.ArrowRight, 1}, {kb.ArrowDown, 2}, {kb.ArrowLeft, 1}, {kb.ArrowUp, 0}, {kb.ArrowLeft, 0},
		{kb.End, marks - 1}, {kb.ArrowRight, marks - 1}, {kb.Home, 0},
	} {
		do(b, chromedp.KeyEvent(step.key))
		if got := ask[int](b, "marks.indexOf(document.activeElement)"); got != step.want {
			t.Fatalf("after %q the focus is on mark %d, want %d", step.key, got, step.want)
		}
	}
}

// TestTips: the focus on a mark, or the pointer, shows its figure and no other.
func TestTips(t *testing.T) {
	for _, v := range []view{{width: 1280}, {width: 360}} {
		b := open(t, "small", v)
		none(t, b.check("tips")) // the focus stays on the last mark of the page
		at := ask[[]float64](b, `{ const hit = document.querySelector("svg.chart .mark .hit"); hit.scrollIntoView({block: "center"}); const r = hit.getBoundingClientRect(); [r.left + r.width / 2, r.top + r.height / 2] }`)
		if v.width < 500 {
			continue // a phone has no pointer
		}
		do(b, chromedp.MouseEvent(chromedp.MouseMoved, at[0], at[1]))
		if !ask[bool](b, "{ const mark = document.elementFromPoint(%f, %f).closest('.mark'), shown = e => e.querySelector('text.tip').checkVisibility({visibilityProperty: true}); [...mark.closest('svg').querySelectorAll('.mark')].every(m => shown(m) === (m === mark)) }", at[0], at[1]) {
			t.Error("pointing at a mark does not show its tip, alone")
		}
	}
}

// TestSorts: every column of every table sorts.
func TestSorts(t *testing.T) {
	for _, name := range []string{"small", "beside"} {
		b := open(t, name, view{width: 1280})
		if n := ask[int](b, "document.querySelectorAll('table.sortable th button').length"); n < 20 {
			t.Errorf("%s: the tables have %d buttons, want more", name, n)
		}
		none(t, b.check("sorts"))
	}
}

// TestFaults: a page with a fault fails the check for that fault.
func TestFaults(t *testing.T) {
	desk, phone := view{width: 1280}, view{width: 360}
	for _, fault := range []struct {
		name  string
		view  view
		do    string // a script that breaks the page
		check func(b *tab) []string
		want  string
	}{
		{"pale text", phone, "document.querySelector('.answer').style.color = '#bbb'", (*tab).violations, "color-contrast"},
		{"light only", view{width: 360, dark: true}, "document.querySelector('main').style.color = '#333'", (*tab).violations, "color-contrast"},
		{"picture without a name", desk, "document.querySelector('svg.chart').removeAttribute('aria-labelledby'); document.querySelector('svg.chart > title').remove()", (*tab).violations, "svg-img-alt"},
		{"wide element", phone, "document.querySelector('p').style.width = '900px'", named("fits"), "px wide, and the window 360"},
		{"cut text", phone, "Object.assign(document.querySelector('p').style, {overflow: 'hidden', whiteSpace: 'nowrap', width: '50px'})", named("fits"), "is cut"},
		{"cut by paper", paper("small"), "Object.assign(document.querySelector('.scroll').style, {overflow: 'auto', width: '50px'})", named("fits"), "is cut"},
		{"labels over each other", desk, "{ const [a, b] = document.querySelector('#overview svg.chart').querySelectorAll('text.label'); b.setAttribute('y', a.getAttribute('y')); b.setAttribute('x', a.getAttribute('x')) }", named("labels"), "lie over each other"},
		{"label outside", desk, "document.querySelector('svg.chart text').setAttribute('x', -50)", named("labels"), "sticks out"},
		{"small label", desk, "document.querySelector('svg.chart text').style.fontSize = '5px'", named("labels"), "px small"},
		{"folded on paper", paper("small"), "document.querySelector('details > :not(summary)').hidden = true", named("folded"), "not printed"},
		{"tip of another mark", desk, "document.querySelector('.mark text.tip').textContent = '1 ns'", named("tips"), "the tip of"},
		{"two tips", desk, "document.querySelector('#overview .mark text.tip').style.visibility = 'visible'", named("tips"), "2 tips show"},
		{"button that does nothing", phone, "document.addEventListener('click', e => e.stopImmediatePropagation(), true)", named("sorts"), "say another order"},
		{"row lost by sorting", phone, "document.querySelector('table.sortable').addEventListener('click', e => e.currentTarget.tBodies[0].rows[0].remove())", named("sorts"), "not those from before"},
		{"turned around by sorting", phone, "document.querySelector('table.sortable').addEventListener('click', e => { const body = e.currentTarget.tBodies[0]; body.append(...[...body.rows].reverse()) })", named("sorts"), "stands before"},
		{"focus without a look", phone, "document.querySelector('nav a').style.outline = 'none'", (*tab).tabbed, "looks the same"},
		{"another order of the Tab key", phone, "document.querySelector('th button').tabIndex = 1", (*tab).tabbed, "of the Tab key is"},
		{"focus out of sight", phone, "Object.assign(document.querySelector('nav a').style, {position: 'fixed', left: '-999px'})", (*tab).tabbed, "out of sight"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			b := open(t, "small", fault.view)
			ask[bool](b, "%s; true", fault.do)
			if all := strings.Join(fault.check(b), "\n"); !strings.Contains(all, fault.want) {
				t.Errorf("want a finding that says %q; found:\n%.2000s", fault.want, all)
			}
			b.complained() // complaints about the fault
		})
	}
}

// named is one of the checks of checks.js.
func named(name string) func(*tab) []string {
	return func(b *tab) []string { return b.check(name) }
}
