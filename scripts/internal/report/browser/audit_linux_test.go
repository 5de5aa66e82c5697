package browser

import (
	_ "embed"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed testdata/sound.html
var sound string

// breaks are the ways in which a sound page is broken, each by a script or by
// another text of the page, and what a check must say of it.
var breaks = []struct {
	name, check string
	do          string // a script; e(id) is an element
	want        string
	view        view // 320 px wide if none is said
}{
	{"wide element", "fits", "e('text').style.width = '900px'", "the page is 91", view{}},
	{"word that doesn't break", "fits", "e('text').textContent = 'x'.repeat(200)", "the page is", view{}},
	{"letter under letter", "fits", "Object.assign(e('text').style, {width: '1em', overflowWrap: 'anywhere'})", "is squeezed", view{}},
	{"cut text", "fits", "Object.assign(e('text').style, {overflow: 'hidden', whiteSpace: 'nowrap', width: '50px'})", "<p id=text> \"Text to be read", view{}},
	{"scrolled on paper", "fits", "document.querySelector('table').style.width = '2000px'", "is cut: 2000 px wide", view{width: paper, print: true}},

	{"unassigned character", "glyphs", "e('text').textContent = 'a\\u0379'", "U+0379", view{}},
	{"private character", "glyphs", "e('text').textContent = '\\ue123'", "U+e123", view{}},
	{"missing glyph in a picture", "glyphs", "e('left').textContent = '\\u{1fbfe}'", "U+1fbfe", view{}},
	{"character that shows nothing", "glyphs", "e('text').textContent = 'a\\u200bb'", "U+200b", view{}},

	{"NaN in text", "values", "e('text').textContent = 'NaN ns'", `says "NaN"`, view{}},
	{"infinity", "values", "e('text').textContent = '+Inf ns'", `says "+Inf"`, view{}},
	{"verb without a value", "values", "e('text').textContent = '%!d(string=x)'", `says "%!d("`, view{}},
	{"nil", "values", "e('text').textContent = '<nil>'", `says "<nil>"`, view{}},
	{"undefined in an attribute", "values", "e('picture').setAttribute('aria-label', 'undefined')", `aria-label is "undefined"`, view{}},
	{"a template's refusal", "values", "e('text').setAttribute('data-x', '#ZgotmplZ')", `data-x is "#ZgotmplZ"`, view{}},

	{"coordinate that is none", "shapes", "e('left').setAttribute('x', 'NaN')", `x is "NaN"`, view{}},
	{"empty path", "shapes", "document.querySelector('.line').setAttribute('d', '')", "leads nowhere", view{}},
	{"broken path", "shapes", "document.querySelector('.line').setAttribute('d', 'M40 NaNL1 2')", "leads nowhere", view{}},
	{"shape outside", "shapes", "document.querySelector('.bar').setAttribute('width', '1e6')", "lies outside its picture", view{}},
	{"picture without a shape", "shapes", "for (const x of document.querySelectorAll('svg path, svg rect')) x.remove()", "draws nothing", view{}},
	{"no viewBox", "shapes", "e('picture').removeAttribute('viewBox')", "no viewBox", view{}},

	{"labels over each other", "labels", "e('right').setAttribute('x', '50')", `<text id=left> "left" in figure and <text id=right> "right"`, view{}},
	{"label outside", "labels", "e('right').setAttribute('x', '290')", "sticks out", view{}},
	{"small label", "labels", "e('left').style.fontSize = '7px'", "7.0 px small", view{}},
	{"picture made small", "labels", "e('picture').style.width = '150px'; e('picture').style.height = '100px'", "6.0 px small", view{}},
	{"label cut", "labels", "e('left').textContent = 'le…'", "is cut", view{}},
	{"label under a mark", "labels", "e('left').setAttribute('x', '32'); e('left').setAttribute('y', '164')", "is hidden by", view{}},

	{"no language", "structure", "document.documentElement.lang = ''", "no language", view{}},
	{"no title", "structure", "document.title = ''", "no title", view{}},
	{"no viewport", "structure", "document.querySelector('meta[name=viewport]').remove()", "doesn't take a phone's width", view{}},
	{"no zoom", "structure", "document.querySelector('meta[name=viewport]').content += ', user-scalable=no'", "forbids to zoom", view{}},
	{"two h1", "structure", "e('text').outerHTML = '<h1>Again</h1>'", "2 h1", view{}},
	{"jump of headings", "structure", "e('text').outerHTML = '<h4>Deep</h4>'", "follows a heading of level 2", view{}},
	{"empty heading", "structure", "e('text').outerHTML = '<h3></h3>'", "<h3> in section first is empty", view{}},
	{"text in no landmark", "structure", "document.body.append('Lost.')", "in no landmark", view{}},
	{"second main", "structure", "document.body.append(document.createElement('main'))", "2 main", view{}},
	{"picture without a role", "structure", "e('picture').removeAttribute('role')", "has no role", view{}},
	{"figure without a caption", "structure", "document.querySelector('figcaption').remove()", "has no caption", view{}},
	{"image without alt", "structure", "document.querySelector('main').append(document.createElement('img'))", "has no alt", view{}},
	{"table without a caption", "structure", "document.querySelector('caption').remove()", "has no caption", view{}},
	{"table without a head", "structure", "document.querySelector('thead').remove()", "has no head", view{}},
	{"ragged table", "structure", "document.querySelector('td').remove()", "rows of 2 and 1 columns", view{}},
	{"heading without a scope", "structure", "document.querySelector('tbody th').removeAttribute('scope')", "has no scope", view{}},
	{"empty heading of a column", "structure", "document.querySelector('thead th + th').textContent = ''", "is empty", view{}},
	{"row without a heading", "structure", "document.querySelector('tbody th').outerHTML = '<td>one</td>'", "no heading of its own", view{}},
	{"aria-sort on a row's heading", "structure", "document.querySelector('tbody th').setAttribute('aria-sort', 'ascending')", "has aria-sort", view{}},
	{"list of something else", "structure", "document.querySelector('nav ul').append(document.createElement('p'))", "is no item", view{}},
	{"item in no list", "structure", "document.querySelector('main').append(document.createElement('li'))", "is in no list", view{}},
	{"details without a summary", "structure", "document.querySelector('summary').remove()", "has no summary", view{}},
	{"id twice", "structure", "e('said').id = 'text'", "2 elements have the id text", view{}},
	{"label that isn't there", "structure", "document.querySelector('section').setAttribute('aria-labelledby', 'gone')", "refers to gone", view{}},
	{"link to nowhere", "structure", "document.querySelector('a').href = '#gone'", "leads to #gone", view{}},
	{"positive tabindex", "structure", "document.querySelector('.scroll').tabIndex = 3", "tabindex 3", view{}},
	{"hidden stop", "structure", "e('picture').setAttribute('aria-hidden', 'true')", "is hidden from screen readers", view{}},
	{"stop without a role", "structure", "e('text').tabIndex = 0", "has no role", view{}},
	{"region that no key scrolls", "structure", "document.querySelector('.scroll').removeAttribute('tabindex'); document.querySelector('table').style.width = '2000px'", "no key can scroll it", view{}},
	{"small button", "structure", "Object.assign(document.querySelector('button').style, {padding: 0, border: 0, fontSize: '10px', lineHeight: 1})", "too small to hit", view{}},

	{"pale text", "contrast", "e('text').style.color = '#999'", "<p id=text> \"Text to be read", view{}},
	{"text that fades", "contrast", "e('text').style.opacity = .4", "<p id=text>", view{}},
	{"text on a ground like it", "contrast", "e('text').style.background = '#333'", "a contrast of 1.2", view{}},
	{"light only", "contrast", "document.body.style.color = '#222'", "has a contrast of", view{dark: true}},
	{"dark letters of a picture", "contrast", "e('left').style.fill = '#333'", "<text id=left>", view{dark: true}},
	{"letters on a bar", "contrast", "e('left').setAttribute('y', '185')", "<text id=left>", view{}},
	{"pale mark", "contrast", "document.querySelector('.dot').style.fill = '#ddd'", "<path class=\"dot\">", view{}},
	{"pale line", "contrast", "document.querySelector('.line').style.strokeOpacity = .2", "<path class=\"line\">", view{}},
	{"pale swatch", "contrast", "document.querySelector('.swatch').style.background = '#eee'", "<span class=\"swatch\">", view{}},
	{"swatch that isn't printed", "contrast", "document.querySelector('.swatch').style.printColorAdjust = 'economy'", "no browser prints", view{width: paper, print: true}},
	{"white on black paper", "contrast", "document.body.style.color = '#fff'; document.body.style.background = '#000'", "has a contrast of 1.00", view{width: paper, print: true}},

	{"text that waits for a script", "hidden", "e('text').style.display = 'none'", "<p id=text>", view{noScript: true}},
	{"details whose summary is hidden", "hidden", "document.querySelector('summary').style.display = 'none'", "is hidden", view{noScript: true}},
	{"picture that is hidden", "hidden", "e('picture').style.visibility = 'hidden'", "is hidden", view{noScript: true}},

	{"stop without a look", "watched", "document.querySelector('a').style.outline = 'none'", "looks the same with the focus", view{}},
	{"pale outline", "watched", "document.querySelector('a').style.outlineColor = '#ddd'", "too little contrast", view{}},
	{"stop out of sight", "watched", "Object.assign(document.querySelector('a').style, {position: 'absolute', left: '-999px'})", "out of sight", view{}},
	{"stop that is left out", "watched", "e('text').innerHTML = '<a href=\"#first\">back</a>'; e('text').inert = true", "never reached", view{}},
	{"another order", "watched", "document.querySelector('button').tabIndex = 1", "the Tab key leads to", view{}},
}

// TestAudits: a sound page passes every check, and each check finds what it is
// there for.
func TestAudits(t *testing.T) {
	for _, v := range []view{{width: 320}, {width: 320, dark: true}, {width: paper, print: true}, {width: 320, noScript: true}} {
		b := openSound(t, v)
		none(t, b.audit("fits", "glyphs", "values", "shapes", "labels", "structure", "contrast", "hidden"))
		found, _ := nameless(b)
		none(t, found)
		if !v.noScript {
			none(t, b.tabbed())
		}
	}
	views := map[view]*tab{}
	defer func() { // what is broken may be complained of
		for _, b := range views {
			b.complained()
		}
	}()
	for _, c := range breaks {
		if c.view.width == 0 {
			c.view.width = 320
		}
		if views[c.view] == nil {
			views[c.view] = openSound(t, c.view)
		}
		t.Run(c.check+"/"+c.name, func(t *testing.T) {
			b := views[c.view].as(t)
			b.anew()
			ask[bool](b, "{ const e = id => document.getElementById(id); %s; true }", c.do)
			var found []string
			if c.check == "watched" {
				found = b.tabbed()
			} else {
				found = b.audit(c.check)
			}
			if all := strings.Join(found, "\n"); !strings.Contains(all, c.want) {
				t.Errorf("want a finding that says %q; found:\n%s", c.want, all)
			}
		})
	}
}

// TestNameless: what has no name in the accessibility tree is found.
func TestNameless(t *testing.T) {
	b := openSound(t, view{width: 320})
	for do, want := range map[string]string{
		"document.querySelector('button').textContent = ''":                                                             "button without a name: <button",
		"document.querySelector('figure').removeAttribute('aria-labelledby')":                                           "figure without a name: <figure",
		"document.querySelector('a').textContent = ''":                                                                  "link without a name: <a",
		"document.getElementById('picture').removeAttribute('aria-label')":                                              "graphics-document without a name: <svg",
		"document.querySelector('.scroll').setAttribute('aria-label', 'The first section')":                             "more than one region is called The first section",
		"document.querySelector('caption').remove()":                                                                    "table without a name: <table",
		"document.querySelector('.mark').removeAttribute('aria-label'); document.querySelector('.mark title').remove()": "graphics-symbol without a name: <g",
	} {
		b.anew()
		ask[bool](b, "%s; true", do)
		if found, _ := nameless(b); !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("after %s: want a finding that says %q; found %q", do, want, found)
		}
	}
}

// openSound opens the page without a fault.
func openSound(t *testing.T, v view) *tab {
	t.Helper()
	browse(t)
	return open(t, "data:text/html;base64,"+base64.StdEncoding.EncodeToString([]byte(sound)), v)
}

// anew puts the page without a fault in the place of what was made of it.
func (b *tab) anew() {
	b.t.Helper()
	frame := chromedp.FromContext(b.ctx).Target.TargetID
	call(b, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: cdp.FrameID(frame), HTML: sound})
	run(b, chromedp.Evaluate[chromedp.Void](checks))
}

// tabbed goes through the page by the Tab key, and answers what was wrong.
func (b *tab) tabbed() []string {
	b.t.Helper()
	stops := ask[int](b, "audit.watch()")
	run(b, chromedp.KeyEvent(strings.Repeat(kb.Tab, stops)))
	return b.audit("watched")
}
