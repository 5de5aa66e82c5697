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
