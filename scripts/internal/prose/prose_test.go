package prose

import (
	"strings"
	"testing"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 rounds", 1: "1 round", 2: "2 rounds"} {
		if got := Count(n, "round"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	x := strings.Repeat("x", Width-8)
	for _, test := range []struct{ name, s, want string }{
		{"short", "a\tb\n c", "* a b c\n"},
		{"fits", x + " 12345", "* " + x + " 12345\n"},
		{"does not", x + " 123456 1", "* " + x + "\n  123456 1\n"},
		{"a word that fits nowhere", "1 " + x + x + " 2", "* 1\n  " + x + x + "\n  2\n"},
		{"characters, not bytes", x + " ±×±×±", "* " + x + " ±×±×±\n"},
		{"an interval", x + " [1, 2] x", "* " + x + "\n  [1, 2] x\n"},
		{"an interval's beginning at the end", "1 [2,", "* 1 [2,\n"},
		{"nothing", "", "* \n"},
	} {
		var b strings.Builder
		if Wrap(&b, test.s, "* ", "  "); b.String() != test.want {
			t.Errorf("%s: %q, want %q", test.name, b.String(), test.want)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Percent(0.01), "1%"},
		{Percent(0), "0%"},
		{Percent(0.02314), "2.31%"},
		{Percent(3e-7), "0.00003%"},
		{Percent(12.344), "1230%"},
		{Chance(0.034, 4), "0.0340"},
		{Chance(0.034, 3), "0.034"},
		{Chance(0.00099, 3), "<0.001"},
		{Chance(0.0001, 4), "0.0001"},
		{Chance(0, 4), "<0.0001"},
		{Markdown(" a|b\n_c_ <b>@x</b> 5$ \x1b[0m\u202e"), ` a\|b \_c\_ &lt;b&gt;&#64;x&lt;/b&gt; 5\$ ?\[0m?`},
	} {
		if test.got != test.want {
			t.Errorf("it reads %q, want %q", test.got, test.want)
		}
	}
}
