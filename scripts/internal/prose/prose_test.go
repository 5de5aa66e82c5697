package prose

import (
	"math"
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

func TestFigure(t *testing.T) {
	for _, tt := range []struct {
		unit  string
		value float64
		want  string
	}{
		{"ns/op", 0, "0 ns"},
		{"ns/op", 0.25, "0.250 ns"},
		{"ns/op", 0.0001, "<0.001 ns"},
		{"ns/op", 165.2, "165 ns"},
		{"ns/op", 999.4, "999 ns"},
		{"ns/op", 999.6, "1.00 µs"},
		{"ns/op", 9995, "9.99 µs"},
		{"ns/op", 9996, "10.0 µs"},
		{"ns/op", 123456, "123 µs"},
		{"ns/op", 5e6, "5.00 ms"},
		{"ns/op", -1850, "−1.85 µs"},
		{"p99-ns", 78e9, "78.0 s"},
		{"p99-ns", 7e12, "7000 s"},
		{"user-B/task", 1023, "1023 B"},
		{"user-B/task", 1023.6, "1020 B"},
		{"user-B/task", 1024, "1.00 KiB"},
		{"user-B/task", 4210, "4.11 KiB"},
		{"residue-B/task", -12.3, "−12.3 B"},
		{"intercept-B", 8 << 20, "8.00 MiB"},
		{"B/op", 5 << 40, "5.00 TiB"},
		{"user+kernel-B/task", 27310, "26.7 KiB"},
		{"kernel-switches/op", 0.0012, "0.00120"},
		{"kernel-switches/op", 0.00004, "<0.001"},
		{"kernel-switches/op", -0.00004, ">−0.001"},
		{"tasks", 12345, "12345"},
		{"tasks", 1e6, "1000000"},
		{"x-goroutine", 1, "1.00"},
	} {
		if got := Figure(tt.unit, tt.value); got != tt.want {
			t.Errorf("Figure(%q, %v) = %q, want %q", tt.unit, tt.value, got, tt.want)
		}
	}
}

func TestIntervals(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Interval("ns/op", 1500, 999.6, 12345), "[1.00, 12.3]"},
		{TimesInterval(0.9871, 1), "[0.987, 1.00]"},
		{TimesInterval(0.99961, 1.00004), "[0.9996, 1.00004]"}, // it holds 1
		{TimesInterval(19.2, math.Inf(1)), "[19.2, unbounded]"},
		{Times(math.Inf(1)), "unbounded"},
		{Times(0.01234), "0.0123×"},
	} {
		if test.got != test.want {
			t.Errorf("it reads %q, want %q", test.got, test.want)
		}
	}
}
