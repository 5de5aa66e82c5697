package catalog

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseNameRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"":                              "no family",
		"/impl=clone":                   "no family",
		"Switch/impl":                   `"impl" is not a key=value`,
		"Switch/impl=":                  `"impl=" is not a key=value`,
		"Switch/=clone":                 `"=clone" is not a key=value`,
		"Switch/colour=red":             `"colour=red" is not a key=value with a key of impl, mode`,
		"Switch/impl=clone/impl=locked": `key "impl" appears twice`,
		"Switch//impl=clone":            `"" is not a key=value`,
	} {
		if n, err := ParseName(name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("ParseName(%q) = %v, %v, want an error that names it and says %s", name, n, err, want)
		}
	}
}

func TestWith(t *testing.T) {
	n := Name{Family: "Stack"}.With("depth", "0").With("impl", "clone").With("stack", "least")
	if got := n.String(); got != "Stack/impl=clone/stack=least/depth=0" {
		t.Errorf("put together: %s", got)
	}
	without := n.With("stack", "")
	if got := without.String(); got != "Stack/impl=clone/depth=0" {
		t.Errorf("without a key: %s", got)
	}
	if n.Get("stack") != "least" || without.Get("stack") != "" {
		t.Errorf("%s and %s share their keys", n, without)
	}
}
