// Package prose sets sentences for a terminal.
package prose

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Count is a number of things: "1 round", "2 rounds". The noun's plural has to
// end in s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Width is the most characters that a line of Wrap's has, words allowing.
const Width = 100

// Wrap writes a text in lines of at most Width characters where its words
// allow, the first after one indent and the rest after another. An interval,
// "[1.0, 1.2]", stays whole. Of a text without words there is the indent. The writer
// keeps its error, as a bufio.Writer does.
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
