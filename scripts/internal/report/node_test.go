package report

import (
	"encoding/xml"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A node is an element of a page.
type node struct {
	Data     string // its name
	Attr     []xml.Attr
	Parent   *node
	Children []*node
	from, to int    // where the element's text begins and ends in the page's text
	text     string // the element's own text and its descendants'
}

// descendants are the elements within n, in the page's order.
func (n *node) descendants() iter.Seq[*node] {
	return func(yield func(*node) bool) { n.walk(yield) }
}

func (n *node) walk(yield func(*node) bool) bool {
	for _, c := range n.Children {
		if !yield(c) || !c.walk(yield) {
			return false
		}
	}
	return true
}

// programs matches the parts of a page that are not HTML.
var programs = regexp.MustCompile(`(?s)(<script>|<style>).*?(</script>|</style>)`)

// nodes returns the elements of a page with one of these names, or all elements
// without names. Our pages are XML, apart from the HTML that the decoder of
// encoding/xml knows.
func nodes(t testing.TB, page string, names ...string) []*node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(programs.ReplaceAllString(page, "$1$2")))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &node{}
	at := root
	var text strings.Builder
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{Data: token.Name.Local, Attr: slices.Clone(token.Attr), Parent: at, from: text.Len()}
			at.Children = append(at.Children, n)
			at = n
		case xml.EndElement:
			at.to = text.Len()
			at = at.Parent
		case xml.CharData:
			text.Write(token)
		}
	}
	var all []*node
	for n := range root.descendants() {
		n.text = text.String()[n.from:n.to]
		if len(names) == 0 || slices.Contains(names, n.Data) {
			all = append(all, n)
		}
	}
	return all
}

func attr(n *node, key string) string {
	for _, a := range n.Attr {
		if a.Name.Local == key {
			return a.Value
		}
	}
	return ""
}

// textOf is the text of an element, its spaces collapsed.
func textOf(n *node) string { return strings.Join(strings.Fields(n.text), " ") }
