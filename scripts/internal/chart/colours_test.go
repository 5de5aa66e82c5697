package chart

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast: on each ground, in light, dark and print, text has a contrast
// of 4.5 to 1 and marks of 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11). axe-core, in
// the browser tests, can't tell what lies under the text of a picture.
func TestContrast(t *testing.T) {
	sets := regexp.MustCompile(`(?s)color-scheme|@media \((prefers-color-scheme: dark)\)|@media (print)`).Split(colours, -1)[1:]
	if len(sets) != 3 {
		t.Fatalf("%d sets of colours, want those of light, dark and print", len(sets))
	}
	for i, set := range sets {
		colour := map[string]float64{} // luminance
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(set, -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for name, l := range colour {
			least, grounds := 3.0, []string{"ground"}
			switch {
			case name == "ground", name == "raised", name == "grid":
				continue
			case name == "ink", name == "muted", strings.HasSuffix(name, "-ink"):
				least, grounds = 4.5, []string{"ground", "raised"}
			}
			for _, ground := range grounds {
				if c := contrast(l, colour[ground]); c < least {
					t.Errorf("set %d: --%s on --%s has a contrast of %.2f, want %.1f", i, name, ground, c, least)
				}
			}
		}
		if len(colour) < 14 {
			t.Errorf("set %d has %d colours, want more", i, len(colour))
		}
	}
	if c := contrast(luminance(t, "777777"), luminance(t, "ffffff")); math.Abs(c-4.48) > .005 {
		t.Errorf("the contrast of #777777 on white is %.3f, want 4.48", c)
	}
}

// luminance is a colour's relative luminance (WCAG 2.2).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var l float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		v, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}

func contrast(a, b float64) float64 { return (max(a, b) + .05) / (min(a, b) + .05) }
