package browser

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// most is how large a page may be, in bytes.
const most = 2 << 20

// TestOpens: a page opens without a complaint, asks for nothing but itself,
// and runs nothing that a results file brings.
func TestOpens(t *testing.T) {
	for _, s := range sampled(t) {
		t.Run(s.name, func(t *testing.T) {
			if n := len(s.html); n > most {
				t.Errorf("the page has %d bytes, more than %d", n, most)
			}
			b := s.read(t, view{width: 1280})
			if !slices.Contains(b.requested(), "file://"+s.path) {
				t.Errorf("its own request is not among those heard: %q", b.requested())
			}
			for _, url := range b.requested() {
				if url != "file://"+s.path && !strings.HasPrefix(url, "data:,") {
					t.Errorf("it asked for %s", url)
				}
			}
			if n := ask[int](b, "document.scripts.length"); n != 1 {
				t.Errorf("it has %d scripts, want 1", n)
			}
			if n := ask[int](b, "document.querySelectorAll('img, iframe, object, embed, video, audio, link:not([rel=icon])').length"); n != 0 {
				t.Errorf("it has %d elements that load something", n)
			}
			if title := ask[string](b, "document.title"); title == "run" || title == "" {
				t.Errorf("its title is %q", title)
			}
			none(t, b.audit("values"))
		})
	}
}

// TestPolicy: what gets past the escaping is stopped by the browser, which
// says so; this shows as well that complaints are heard.
func TestPolicy(t *testing.T) {
	b := sampled(t, "small")[0].open(t, view{width: 1280})
	violated := run(b, chromedp.Evaluate[[]string](`new Promise(done => {
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
	})`, chromedp.EvalAwaitPromise))
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

// TestLooks holds each page to what an eye wants, in each view.
func TestLooks(t *testing.T) {
	for _, s := range sampled(t) {
		t.Run(s.name, func(t *testing.T) {
			b := s.read(t, view{width: 1280})
			none(t, b.audit("glyphs", "shapes", "structure"))
			for _, v := range []view{
				{width: 1280}, {width: 1280, dark: true}, {width: 360}, {width: 320}, {width: 320, dark: true},
				{width: s.paper(), print: true}, {width: s.paper(), print: true, dark: true},
			} {
				t.Run(v.String(), func(t *testing.T) {
					b := b.as(t)
					b.look(v)
					if w := ask[int64](b, "document.documentElement.clientWidth"); w != v.width {
						t.Errorf("the page is laid out for %d px, not for %d", w, v.width)
					}
					names := []string{"fits", "labels", "contrast"}
					if v.dark {
						names = []string{"contrast"}
					}
					none(t, b.audit(names...))
				})
			}
		})
	}
}

// TestPaper: on paper everything is there, opened.
func TestPaper(t *testing.T) {
	for _, s := range sampled(t, "small", "beside") {
		t.Run(s.name, func(t *testing.T) {
			b := s.read(t, view{width: s.paper(), print: true})
			none(t, ask[[]string](b, `[...document.querySelectorAll("details > :not(summary)")].filter(e => !e.checkVisibility({contentVisibilityAuto: true})).map(e => "not printed: " + e.textContent.trim().slice(0, 60))`))
			// The drawing for phones would be blown up to letters like headings.
			if px := ask[float64](b, `Math.max(0, ...[...document.querySelectorAll("svg text")].filter(e => e.checkVisibility({visibilityProperty: true})).map(e => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a))`); px > 18 {
				t.Errorf("a picture's letters are %.0f px tall on paper", px)
			}
		})
	}
}

// TestWithoutScript: what the script adds is comfort alone.
func TestWithoutScript(t *testing.T) {
	for _, s := range sampled(t, "small", "reference") {
		t.Run(s.name, func(t *testing.T) {
			b := s.open(t, view{width: 360, noScript: true})
			if n := ask[int](b, "document.querySelectorAll('button').length"); n != 0 {
				t.Errorf("there are %d buttons, and nothing that they could do", n)
			}
			none(t, b.audit("fits", "labels", "contrast", "structure"))
			b.look(view{width: 1280})
			none(t, b.audit("hidden"))
			// Marks still tell their figures to a pointer.
			if n := ask[int](b, "[...document.querySelectorAll('.mark')].filter(m => !m.querySelector(':scope > title')).length"); n != 0 {
				t.Errorf("%d marks have no title", n)
			}
			// What is folded opens without a script.
			if ask[int](b, "document.querySelectorAll('details').length") > 0 {
				ask[bool](b, "document.querySelector('summary').focus(), true")
				run(b, chromedp.KeyEvent(kb.Enter))
				if !ask[bool](b, "document.querySelector('details > :not(summary)').checkVisibility({contentVisibilityAuto: true})") {
					t.Error("the first details element does not open")
				}
			}
		})
	}
}

// TestKeyboard: the Tab key reaches all that can be used, in the page's order,
// and each shows that it has the focus.
func TestKeyboard(t *testing.T) {
	b := sampled(t, "reference")[0].open(t, view{width: 1280})
	stops := ask[int](b, "audit.watch()")
	if stops < 20 {
		t.Fatalf("the page has %d stops of the Tab key, want many more", stops)
	}
	run(b, chromedp.KeyEvent(strings.Repeat(kb.Tab, stops)))
	none(t, b.audit("watched"))
}

// TestArrows: a picture is one stop of the Tab key, and arrow keys lead from
// figure to figure.
func TestArrows(t *testing.T) {
	b := sampled(t, "small")[0].open(t, view{width: 1280})
	none(t, ask[[]string](b, `[...document.querySelectorAll("svg.chart")].filter(c => c.querySelectorAll(".mark[tabindex='0']").length > 1).map(c => c.querySelector("title").textContent + " has more than one stop")`))
	marks := ask[int](b, `globalThis.marks = [...[...document.querySelectorAll("svg.chart")].find(c => c.checkVisibility() && c.querySelectorAll(".mark").length > 2).querySelectorAll(".mark")]; marks[0].focus({focusVisible: true}); marks.length`)
	at := func() int { t.Helper(); return ask[int](b, "marks.indexOf(document.activeElement)") }
	for _, step := range []struct {
		key  string
		want int
	}{
		{kb.ArrowRight, 1}, {kb.ArrowDown, 2}, {kb.ArrowLeft, 1}, {kb.ArrowUp, 0}, {kb.ArrowLeft, 0},
		{kb.End, marks - 1}, {kb.ArrowRight, marks - 1}, {kb.Home, 0},
	} {
		run(b, chromedp.KeyEvent(step.key))
		if got := at(); got != step.want {
			t.Fatalf("after %q the focus is on mark %d, want %d", step.key, got, step.want)
		}
	}
}

// named are the roles that say nothing to a screen reader without a name.
var named = []string{
	"button", "link", "heading", "img", "image", "graphics-document", "graphics-symbol", "region", "navigation", "table", "figure",
	"columnheader", "rowheader", "DisclosureTriangle", "SvgRoot",
}

// TestNames: the browser's accessibility tree, which is what a screen reader
// gets, has a name for everything that needs one, no two regions of the same,
// and a table for each table, however it is laid out.
func TestNames(t *testing.T) {
	for _, s := range sampled(t, "reference", "beside", "nothing") {
		t.Run(s.name, func(t *testing.T) {
			b := s.read(t, view{width: 1280})
			for _, v := range []view{{width: 1280}, {width: 360}} {
				b.look(v)
				found, counted := nameless(b)
				none(t, found)
				for _, role := range []string{"banner", "main", "contentinfo", "navigation"} {
					if counted[role] != 1 {
						t.Errorf("%s: there are %d of the landmark %s, want 1", v, counted[role], role)
					}
				}
				if n := ask[int](b, "[...document.querySelectorAll('table')].filter(e => e.checkVisibility({contentVisibilityAuto: true})).length"); counted["table"] != n {
					t.Errorf("%s: of %d tables the accessibility tree has %d", v, n, counted["table"])
				}
				if s.name == "nothing" {
					continue
				}
				for _, role := range []string{"region", "columnheader", "rowheader", "button", "graphics-document", "graphics-symbol"} {
					if counted[role] == 0 {
						t.Errorf("%s: there is no %s", v, role)
					}
				}
			}
		})
	}
}

// nameless are the nodes of the accessibility tree that lack a name, or share
// one that has to be their own; and how many nodes have which role.
func nameless(b *tab) (found []string, counted map[string]int) {
	b.t.Helper()
	counted = map[string]int{}
	names := map[string]int{}
	text := func(v *accessibility.Value) string {
		var s string
		if v != nil {
			json.Unmarshal(v.Value, &s)
		}
		return strings.TrimSpace(s)
	}
	for _, n := range call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		role, name := text(n.Role), text(n.Name)
		if n.Ignored {
			continue
		}
		counted[role]++
		if slices.Contains(named, role) && name == "" {
			found = append(found, role+" without a name: "+described(b, n.BackendDOMNodeID))
		}
		if key := role + " " + name; role == "region" || role == "navigation" {
			if names[key]++; names[key] == 2 {
				found = append(found, "more than one "+role+" is called "+name)
			}
		}
	}
	return found, counted
}

// described is a node's tag with its attributes.
func described(b *tab, id cdp.BackendNodeID) string {
	b.t.Helper()
	n := call(b, dom.DescribeNode, dom.DescribeNodeParams{BackendNodeID: id}).Node
	return "<" + strings.Join(append([]string{n.LocalName}, n.Attributes...), " ") + ">"
}
