// Package prose turns figures and foreign text into text for a terminal or for
// Markdown. It imports nothing of ours.
//
// Its stance: a name from a file is text and never markup, wherever it is
// printed. A figure reads alike in each command.
package prose

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Count is a number of things: "1 round", "2 rounds". The noun's plural must
// end in s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Percent is a share to three digits: "1%", "0.25%", "2.31%".
func Percent(share float64) string {
	// Not %g of the product, which would write 3e-05.
	s, _ := strconv.ParseFloat(strconv.FormatFloat(100*share, 'g', 3, 64), 64)
	return strconv.FormatFloat(s, 'f', -1, 64) + "%"
}

// Chance is a p-value to so many decimals, 1 or more: "0.0340", "<0.0001".
func Chance(p float64, decimals int) string {
	if least := math.Pow10(-decimals); p < least {
		return "<" + strconv.FormatFloat(least, 'f', decimals, 64)
	}
	return strconv.FormatFloat(p, 'f', decimals, 64)
}

// Legible is a text in one line. It has a ? for what XML can't contain, for a
// terminal's control codes, and for what reverses the reading direction.
func Legible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xFFFE || r == 0xFFFF {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Markdown is a legible text in which nothing acts as markup: of Markdown, of
// its tables, of HTML, of GitHub. Spaces at its ends stay.
func Markdown(s string) string { return markup.Replace(Legible(s)) }

var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`",
	"[", "\\[", "]", "\\]", "\\", "\\\\", "~", "\\~", "#", "\\#", "!", "\\!", "$", "\\$")

// Width is the greatest length of a line of Wrap's, if the words allow.
const Width = 100

// Wrap writes a text in lines of at most Width characters, if its words allow.
// The first line has one indent, the others another. An interval, "[1.0, 1.2]",
// stays whole. A text without words is written as its indent. The writer keeps
// its error, as a bufio.Writer does.
func Wrap(w io.Writer, s, indent, hanging string) {
	line, empty := indent, true
	words := strings.Fields(s)
	for i := 0; i < len(words); i++ {
		word := words[i]
		if strings.HasPrefix(word, "[") && strings.HasSuffix(word, ",") && i+1 < len(words) {
			i++
			word += " " + words[i]
		}
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > Width {
			fmt.Fprintln(w, line)
			line, empty = hanging, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	fmt.Fprintln(w, line)
}
